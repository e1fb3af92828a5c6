import type { CsvRow } from '../../file/csv.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { type Item, textFields } from '../../ledger/transaction.ts';
import { type Minor, parseAmount } from '../../money.ts';
import type { AskedConversion } from './asked-conversion.ts';
import { type CellReading, keptId, readAmount, readCurrency, readId, readQuantity } from './cells.ts';
import type { ConversionColumns, ConversionName } from './conversion-columns.ts';
import { readEventDate } from './event-date.ts';
import { type FileRecord, weightOf } from './record.ts';
import { type Refusal, Unreadable, valueOr } from './refusal.ts';

/** What a conversion file is read for. */
export type ConversionReader = Pick<EventType, 'id' | 'code' | 'currency' | 'timezone'>;

/** Reads one cell of the row in hand, without the spaces around it. */
type Cell = (name: ConversionName) => string;

/** A conversion line that cannot be used, as it is kept. */
export const malformed = (message: string, hint?: string): Refusal => ({
  outcome: 'CONV_MALFORMED',
  message,
  ...(hint !== undefined && { hint }),
});

const valueOf = <T>(reading: CellReading<T>): T => valueOr('CONV_MALFORMED', reading);

const refuse = (message: string, hint?: string): never => {
  throw new Unreadable(malformed(message, hint));
};

const required = (name: ConversionName, cell: Cell): string => cell(name) || refuse(`${name}: it is empty`);

const campaignOf = (cell: Cell): string => {
  const id = required('CampaignId', cell);
  if (/^\d{1,10}$/.test(id)) return id;
  return refuse(`CampaignId: "${id.slice(0, 60)}" is not a whole number of at most 10 digits`);
};

const moneyOf = (name: ConversionName, cell: Cell, currency: string): Minor | null => {
  const text = cell(name);
  if (text === '') return null;
  if (/^[(-]/.test(text)) refuse(`${name}: "${text.slice(0, 60)}" is negative`, 'What is created is worth 0 or more.');
  return parseAmount(valueOf(readAmount(name, text, currency)), currency) ?? 0n;
};

const quantityOf = (cell: Cell): number | null => {
  const text = cell('Quantity');
  if (text === '') return null;
  const reading = readQuantity('Quantity', text);
  if ('value' in reading && reading.value > 0) return reading.value;
  return refuse(`Quantity: "${text.slice(0, 60)}" is not a whole number from 1 on`);
};

const worths = ['ItemPrice', 'ItemSubtotal', 'Amount'] as const;

/** An item's amount: exactly one of the price of one, the price of all, and what was paid for all. */
const itemAmountOf = (cell: Cell, quantity: number, currency: string): Minor => {
  const given = worths.filter((name) => cell(name) !== '');
  const [name, other] = given;
  if (name === undefined) return refuse('Amount: the item has none', `Give one of ${worths.join(', ')}.`);
  if (other !== undefined)
    refuse(`${name}: the item has ${given.join(' and ')}`, 'Give one of them; nobody can tell which is meant.');
  const amount = moneyOf(name, cell, currency) ?? 0n;
  return name === 'ItemPrice' ? amount * BigInt(quantity) : amount;
};

const itemOf = (cell: Cell, currency: string): Item => {
  const sku = required('Sku', cell);
  const quantity = quantityOf(cell) ?? refuse('Quantity: it is empty', 'An item has a Quantity from 1 on.');
  return { sku, category: cell('Category') || null, quantity, amount: itemAmountOf(cell, quantity, currency) };
};

/** Whether a line says something of one item. */
const isItemLine = ({ places }: ConversionColumns, cell: Cell): boolean =>
  places.Sku !== undefined && (['Sku', 'ItemPrice', 'ItemSubtotal'] as const).some((name) => cell(name) !== '');

const isOurs = (cell: Cell, { id, code }: ConversionReader): boolean => {
  const [tracker, named] = [cell('ActionTrackerId'), cell('EventTypeCode')];
  if (tracker === '' && named === '') return false;
  return (tracker === '' || tracker === String(id)) && (named === '' || named === code);
};

const textsOf = (cells: readonly string[], columns: ConversionColumns, campaignId: string): (string | null)[] =>
  textFields.map(({ name }) => {
    if (name === 'campaign') return campaignId;
    const place = columns.texts[name];
    const text = place === undefined ? '' : (cells[place] ?? '').trim();
    if (name === 'customerId') valueOf(readId('CustomerId', text));
    if (name === 'customerStatus' && text.length > 40) refuse('CustomerStatus: it is longer than 40 characters');
    return text || null;
  });

const customOf = (cells: readonly string[], columns: ConversionColumns, cell: Cell, isItem: boolean) => {
  const category = isItem ? '' : cell('Category');
  const own = columns.custom.flatMap(({ name, place }): [string, string][] => {
    const value = (cells[place] ?? '').trim();
    return value === '' ? [] : [[name, value]];
  });
  return category === '' ? own : [...own, ['Category', category] as [string, string]];
};

const orderMoney = (columns: ConversionColumns, cell: Cell, isItem: boolean, currency: string) => {
  const { Amount, OrderSubtotal } = columns.places;
  const amount = isItem ? null : moneyOf('Amount', cell, currency);
  const subtotal = moneyOf('OrderSubtotal', cell, currency);
  const expected = !isItem && (Amount !== undefined || OrderSubtotal !== undefined);
  if (expected && amount === null && subtotal === null)
    refuse(
      `${Amount === undefined ? 'OrderSubtotal' : 'Amount'}: it is empty`,
      'Write 0 for an event without a value.',
    );
  return { amount, subtotal, discount: moneyOf('OrderDiscount', cell, currency) };
};

interface Line {
  cells: readonly string[];
  cell: Cell;
  isItem: boolean;
}

/** The first value that cannot be used ends the reading; nothing is guessed or rounded. */
const readLine = (
  { cells, cell, isItem }: Line,
  columns: ConversionColumns,
  eventType: ConversionReader,
): AskedConversion => {
  const campaignId = campaignOf(cell);
  valueOf(readId('OrderId', required('OrderId', cell)));
  const dated = cell('EventDate');
  const eventDate = valueOf(readEventDate(dated, eventType.timezone));
  const named = cell('CurrencyCode');
  const currency = named === '' ? eventType.currency : valueOf(readCurrency('CurrencyCode', named));
  return {
    ...{ campaignId, isOurs: isOurs(cell, eventType), eventDate, dated, currency },
    mediaPartnerId: cell('MediaPartnerId') || null,
    ...orderMoney(columns, cell, isItem, currency),
    quantity: isItem ? null : quantityOf(cell),
    item: isItem ? itemOf(cell, currency) : null,
    texts: textsOf(cells, columns, campaignId),
    custom: customOf(cells, columns, cell, isItem),
  };
};

const readContent = (line: Line, columns: ConversionColumns, eventType: ConversionReader): FileRecord['content'] => {
  try {
    return { conversion: readLine(line, columns, eventType) };
  } catch (error) {
    if (error instanceof Unreadable) return { refusal: error.refusal };
    throw error;
  }
};

/** Reads the lines of one conversion file, for one event type. Spaces around values are left out. */
export const conversionReader = (columns: ConversionColumns, eventType: ConversionReader) => {
  const { places } = columns;
  const withItems = places.Sku !== undefined;
  return (row: CsvRow, number: number): FileRecord => {
    const cell: Cell = (name) => {
      const place = places[name];
      return place === undefined ? '' : (row.cells[place] ?? '').trim();
    };
    const torn = row.trouble !== undefined;
    const isItem = torn ? withItems : isItemLine(columns, cell);
    const content: FileRecord['content'] = torn
      ? { refusal: malformed(`The line cannot be read: ${row.trouble}.`) }
      : readContent({ cells: row.cells, cell, isItem }, columns, eventType);
    const orderId = 'refusal' in content ? keptId(cell('OrderId')) : cell('OrderId');
    const { line, cells } = row;
    const about = { number, line, cells, actionId: null, orderId, isItem, weight: weightOf(row, content), content };
    return torn && withItems ? { ...about, torn } : about;
  };
};
