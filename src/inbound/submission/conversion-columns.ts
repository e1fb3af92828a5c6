import { textFields } from '../../ledger/transaction.ts';
import { badHeader, bare, refuseDoubled, refuseMany } from './header.ts';

/** The columns of a conversion file that have a rule of their own, by the name they are spoken of. */
export const conversionNames = [
  ...(['CampaignId', 'ActionTrackerId', 'EventTypeCode', 'EventDate', 'OrderId', 'MediaPartnerId'] as const),
  ...(['CurrencyCode', 'Amount', 'OrderSubtotal', 'OrderDiscount'] as const),
  ...(['Sku', 'Category', 'Quantity', 'ItemPrice', 'ItemSubtotal'] as const),
] as const;
export type ConversionName = (typeof conversionNames)[number];

/** Where each column of a conversion file is. Plain data: it is kept with the submission. */
export interface ConversionColumns {
  kind: 'conversion';
  /** The header as it is in the file. */
  header: string[];
  places: Partial<Record<ConversionName, number>>;
  /** Columns that are a field of a transaction, by the field's name. */
  texts: Record<string, number>;
  /** Columns that become custom attributes, sorted by name. */
  custom: { name: string; place: number }[];
}

/** Other names of the same columns (domain.md 1.3), in lower case. */
const aliases: Readonly<Record<string, ConversionName>> = {
  ...{ programid: 'CampaignId', campaign: 'CampaignId', eventtypeid: 'ActionTrackerId', oid: 'OrderId' },
  ...{ mediaid: 'MediaPartnerId', currency: 'CurrencyCode' },
};

const plain = new Map<string, ConversionName>([
  ...conversionNames.map((name) => [name.toLowerCase(), name] as const),
  ...Object.entries(aliases),
]);

/** CampaignId and EventCode have other names in the ledger; `campaign` is filled from CampaignId. */
const fieldNames = new Map<string, string>([
  ...textFields.filter(({ name }) => name !== 'campaign').map(({ name }) => [name.toLowerCase(), name] as const),
  ['eventcode', 'conversionType'],
]);

/** Columns of our own result files: a result that is sent back is the file that it came from. */
const ours = /^(line|outcome|message|hint)$/;

/** What a header cell means: a column with a rule, a field of a transaction, or itself without case and space. */
export const conversionMeaning = (cell: string): string => {
  const name = bare(cell);
  return plain.get(name) ?? fieldNames.get(name) ?? name;
};

const templates =
  'the templates for conversion files show the columns: CampaignId, ActionTrackerId, EventDate, OrderId …';

const refuseMissing = (has: (name: ConversionName) => boolean): void => {
  const missing = (['CampaignId', 'EventDate', 'OrderId'] as const).filter((name) => !has(name));
  if (missing.length > 0) throw badHeader(`it lacks ${missing.join(' and ')}`, templates);
  if (!has('ActionTrackerId') && !has('EventTypeCode'))
    throw badHeader('it lacks ActionTrackerId (or EventTypeCode)', templates);
};

const worths = ['Amount', 'ItemPrice', 'ItemSubtotal'] as const;

const refuseHalfItems = (has: (name: ConversionName) => boolean, header: readonly string[]): void => {
  const indexed = header.find((cell) => /^sku\d+$/.test(bare(cell)));
  if (indexed !== undefined)
    throw badHeader(`it has ${indexed.trim()}`, 'write one row for each item of an order, with Sku and Quantity');
  const priced = (['ItemPrice', 'ItemSubtotal'] as const).find(has);
  if (!has('Sku') && priced) throw badHeader(`it has ${priced} and lacks Sku`, 'an item has Sku, Quantity and a price');
  if (!has('Sku')) return;
  if (!has('Quantity')) throw badHeader('it lacks Quantity', 'an item has Sku, Quantity and a price');
  if (!worths.some(has))
    throw badHeader(`it lacks ${worths.join(' or ')}`, 'an item has Sku, Quantity and one of them');
};

const notesOn = (header: readonly string[], has: (name: ConversionName) => boolean): string[] => {
  const nameless = header.flatMap((cell, i) =>
    bare(cell) === '' ? [`Column ${i + 1} has no name and was not read.`] : [],
  );
  const state = header.some((cell) => bare(cell) === 'dispositioncode')
    ? ['DispositionCode is kept as an attribute and sets no state; send a modification for that.']
    : [];
  const worthless = !has('Sku') && !has('Amount') && !has('OrderSubtotal');
  return [...nameless, ...state, ...(worthless ? ['There is no column of amounts: what is created is worth 0.'] : [])];
};

/** Fields of a transaction that a column of a conversion file fills as it is. */
export const conversionFields: ReadonlySet<string> = new Set(fieldNames.values());

/**
 * Reads the header of a conversion file: names without regard to case and space, and their other names. A column that
 * is not known is a custom attribute. Throws Fault `bad-header` (refuse) for a doubled or a missing column.
 */
export const readConversionColumns = (header: readonly string[]): { columns: ConversionColumns; notes: string[] } => {
  refuseMany(header);
  const meanings = header.map(conversionMeaning);
  refuseDoubled(header, meanings);
  const at = (meaning: string): number | undefined => {
    const place = meanings.indexOf(meaning);
    return place < 0 ? undefined : place;
  };
  const has = (name: ConversionName): boolean => at(name) !== undefined;
  refuseMissing(has);
  refuseHalfItems(has, header);
  const columns: ConversionColumns = { kind: 'conversion', header: [...header], places: {}, texts: {}, custom: [] };
  for (const [place, meaning] of meanings.entries()) {
    const name = conversionNames.find((one) => one === meaning);
    if (name) columns.places[name] = place;
    else if (conversionFields.has(meaning)) columns.texts[meaning] = place;
    else if (meaning !== '' && !ours.test(meaning)) columns.custom.push({ name: (header[place] ?? '').trim(), place });
  }
  columns.custom.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { columns, notes: notesOn(header, has) };
};
