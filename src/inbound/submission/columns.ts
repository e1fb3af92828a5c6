import { badHeader, bare, refuseDoubled, refuseMany } from './header.ts';

/** The columns of a modification file that mean something to us, by the name they are spoken of. */
export const columnNames = [
  'ActionId',
  'OrderId',
  'ActionTrackerId',
  'Amount',
  'Reason',
  'CustomerStatus',
  'CurrencyCode',
  'Sku',
  'Quantity',
] as const;
export type ColumnName = (typeof columnNames)[number];

/** Other names of the same columns (domain.md 1.1), in lower case. */
const aliases: Readonly<Record<string, ColumnName>> = {
  oid: 'OrderId',
  eventtypeid: 'ActionTrackerId',
  dispositioncode: 'Reason',
  currency: 'CurrencyCode',
};

/** Known, and not modifiable: without a note. */
const silent = /^(category|line|outcome|message|hint)$/;

/** Where each column is. Plain data: it is kept with the submission. */
export interface Columns {
  /** The header as it is in the file. */
  header: string[];
  places: Partial<Record<ColumnName, number>>;
  /** `Sku1` `Quantity1` `Amount1` and so on, in order of their index. */
  items: { index: number; sku: number; quantity: number; amount: number | null }[];
}

const plain = new Map<string, ColumnName>([
  ...columnNames.map((name) => [name.toLowerCase(), name] as const),
  ...Object.entries(aliases),
]);

/** Columns of the first, second … item of an order. */
export const itemColumn = /^(sku|quantity|amount|category)0*([1-9]\d{0,3})$/;

/** What a header cell means: a column, a column of an item, or itself without case and space. */
export const modificationMeaning = (cell: string): string => {
  const name = bare(cell);
  const [, part, index] = itemColumn.exec(name) ?? [];
  return plain.get(name) ?? (part ? `${part}${index}` : name);
};

const itemsOf = (meanings: readonly string[]): Columns['items'] => {
  const at = (name: string): number | undefined => {
    const place = meanings.indexOf(name);
    return place < 0 ? undefined : place;
  };
  const indexes = new Set(meanings.flatMap((meaning) => /^(?:sku|quantity|amount)(\d+)$/.exec(meaning)?.[1] ?? []));
  return [...indexes]
    .map(Number)
    .sort((a, b) => a - b)
    .map((index) => {
      const [sku, quantity] = [at(`sku${index}`), at(`quantity${index}`)];
      if (sku === undefined || quantity === undefined)
        throw badHeader(
          `it lacks the column ${sku === undefined ? 'Sku' : 'Quantity'}${index}`,
          'an item is named by Sku, Quantity and Amount with the same number',
        );
      return { index, sku, quantity, amount: at(`amount${index}`) ?? null };
    });
};

const refuseMissing = ({ header, places, items }: Columns): void => {
  const has = (name: ColumnName): boolean => places[name] !== undefined;
  const [only = ''] = header;
  const seen = header.length === 1 ? `it has one column only ("${only.slice(0, 60)}")` : undefined;
  const hint = 'the first line names the columns: ActionId, or OrderId and ActionTrackerId; Amount; Reason';
  const named = has('ActionId') || (has('OrderId') && has('ActionTrackerId'));
  const which = has('OrderId') ? 'ActionTrackerId' : has('ActionTrackerId') ? 'OrderId' : 'ActionId';
  if (!named) throw badHeader(seen ?? `it lacks the column ${which}`, hint);
  if (!has('Reason')) throw badHeader('it lacks the column Reason', hint);
  if (has('Sku') !== has('Quantity'))
    throw badHeader(
      `it lacks the column ${has('Sku') ? 'Quantity' : 'Sku'}`,
      'an item row has Sku, Quantity and Amount',
    );
  if (has('Sku') && items.length > 0)
    throw badHeader('it has both Sku and Sku1', 'write one row for each item, or all items of an order in one row');
};

const noteOn = (header: string, meaning: string, place: number): string | undefined => {
  if (meaning === '') return `Column ${place + 1} has no name and was not read.`;
  if (columnNames.some((name) => name === meaning) || itemColumn.test(meaning) || silent.test(meaning))
    return undefined;
  return `The column ${header.trim()} is not known and was not read.`;
};

/**
 * Reads the header of a modification file: names without regard to case and space, and their other names. What cannot
 * be modified is noted. Throws Fault `bad-header` (refuse) for a doubled or a missing column.
 */
export const readColumns = (header: readonly string[]): { columns: Columns; notes: string[] } => {
  refuseMany(header);
  const meanings = header.map(modificationMeaning);
  refuseDoubled(header, meanings);
  const places: Columns['places'] = {};
  for (const name of columnNames) if (meanings.includes(name)) places[name] = meanings.indexOf(name);
  const columns: Columns = { header: [...header], places, items: itemsOf(meanings) };
  refuseMissing(columns);
  return { columns, notes: meanings.flatMap((meaning, i) => noteOn(header[i] ?? '', meaning, i) ?? []) };
};
