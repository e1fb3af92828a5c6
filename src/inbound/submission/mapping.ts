import { actionOf } from '../../ledger/disposition.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { type CellReading, readAmount, readCurrency, readId, readQuantity } from './cells.ts';
import { columnNames, itemColumn, modificationMeaning } from './columns.ts';
import { conversionFields, conversionMeaning, conversionNames } from './conversion-columns.ts';
import { readEventDate } from './event-date.ts';

/*
 * Columns of a file that come under other names, put under the names that we know. Pure.
 */

export type FileKind = 'modification' | 'conversion';

/** For each column of the file the name it is imported under; null leaves it out. */
export type Mapping = readonly (string | null)[];

/** The fields that a file of a kind may have, as they are offered. */
export const fieldsOf = (kind: FileKind): string[] =>
  kind === 'modification' ? [...columnNames] : [...conversionNames, ...conversionFields];

const meaningIn = (kind: FileKind) => (kind === 'modification' ? modificationMeaning : conversionMeaning);

/** What people call a column, without case, space and signs. */
const others: Readonly<Record<string, readonly string[]>> = {
  OrderId: ['order', 'ordernumber', 'orderno', 'ordernr', 'orderref', 'orderreference'],
  ActionTrackerId: ['eventtype', 'actiontracker', 'trackerid'],
  Amount: ['total', 'value', 'saleamount', 'orderamount', 'newamount', 'revenue'],
  Reason: ['code', 'reasoncode', 'disposition'],
  Quantity: ['qty'],
  Sku: ['item', 'itemsku', 'productid', 'article'],
  EventDate: ['date', 'orderdate', 'timestamp', 'time', 'saledate'],
  ItemPrice: ['price', 'unitprice'],
  CampaignId: ['programme', 'program', 'campaignnumber'],
  MediaPartnerId: ['partner', 'partnerid', 'mediapartner', 'publisher', 'publisherid'],
};

const loose = (cell: string): string => cell.toLowerCase().replace(/[^a-z0-9]/g, '');

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Whether a name is that of a column of one item among several in a line: `Sku2`. */
export const isItemColumn = (name: string): boolean => itemColumn.test(modificationMeaning(name));

const guess = (cell: string, kind: FileKind): string | null => {
  const fields = fieldsOf(kind);
  const meaning = meaningIn(kind);
  if (kind === 'modification' && isItemColumn(loose(cell))) return capital(modificationMeaning(loose(cell)));
  return (
    [meaning(cell), meaning(loose(cell))].find((name) => fields.includes(name)) ??
    fields.find((name) => others[name]?.includes(loose(cell)) === true) ??
    null
  );
};

/** The names to suggest, from the header alone; each name once, for the first column that looks like it. */
export const suggestMapping = (header: readonly string[], kind: FileKind): (string | null)[] => {
  const taken = new Set<string>();
  return header.map((cell) => {
    const name = guess(cell, kind);
    if (name === null || taken.has(name)) return null;
    taken.add(name);
    return name;
  });
};

/** What the mapped file has: the columns that are imported, and the event type where nothing else says it. */
export interface MappedLayout {
  header: string[];
  cells(cells: readonly string[]): string[];
}

/**
 * The layout of the mapped file. A file is imported for one event type, so a column ActionTrackerId is added where
 * none is mapped and lines are not found by it otherwise.
 */
export const layoutOfMapping = (mapping: Mapping, kind: FileKind, eventTypeId: number): MappedLayout => {
  const kept = mapping.flatMap((name, place) => (name === null ? [] : [{ name, place }]));
  const names = new Set(kept.map(({ name }) => meaningIn(kind)(name)));
  const alone = kind === 'modification' ? names.has('ActionId') && !names.has('OrderId') : names.has('EventTypeCode');
  const added = !names.has('ActionTrackerId') && !alone ? [String(eventTypeId)] : [];
  return {
    header: [...kept.map(({ name }) => name), ...added.map(() => 'ActionTrackerId')],
    cells: (cells) => [...kept.map(({ place }) => cells[place] ?? ''), ...added],
  };
};

const said = (reading: CellReading<unknown>): string | undefined =>
  'problem' in reading ? reading.problem.message : undefined;

type Trial = (text: string, eventType: EventType, field: string) => string | undefined;

const id: Trial = (text, _, field) => said(readId(field, text));
const amount: Trial = (text, { currency }, field) => said(readAmount(field, text, currency));

const trials: Readonly<Record<string, Trial>> = {
  ...{ ActionId: id, OrderId: id },
  ActionTrackerId: (text, eventType) =>
    text === String(eventType.id) ? undefined : `"${text}" is not the event type ${eventType.id}`,
  EventTypeCode: (text, { code }) => (text === code ? undefined : `"${text}" is not ${code}`),
  CampaignId: (text) => (/^\d{1,10}$/.test(text) ? undefined : `"${text}" is not a whole number`),
  ...{ Amount: amount, ItemPrice: amount, ItemSubtotal: amount, OrderSubtotal: amount, OrderDiscount: amount },
  Quantity: (text, _, field) => said(readQuantity(field, text)),
  CurrencyCode: (text, _, field) => said(readCurrency(field, text)),
  Reason: (text, { dispositions }) =>
    actionOf(text, dispositions) === undefined ? `"${text}" is no disposition code` : undefined,
  EventDate: (text, { timezone }) => said(readEventDate(text, timezone)),
};

/** Why a value would not do for a field, as far as it can be told without the order; undefined when it would. */
export const valueProblem = (field: string, value: string, eventType: EventType): string | undefined => {
  const text = value.trim();
  const trial = trials[isItemColumn(field) ? field.replace(/\d+$/, '') : field];
  return text === '' ? undefined : trial?.(text, eventType, field);
};
