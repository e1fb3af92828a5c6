import type { CsvRow } from '../../file/csv.ts';
import { type CellProblem, type CellReading, readAmount, readId, readQuantity } from './cells.ts';
import type { ColumnName, Columns } from './columns.ts';

/** What a line asks to become of an item. The amount as a decimal; left out where the quantity is 0. */
export interface AskedItem {
  sku: string;
  quantity: number;
  amount: string | undefined;
}

/** What a line asks for; what is left out stays as it is. Amounts as decimals, in the action's currency. */
export interface Ask {
  reason: string;
  amount?: string;
  customerStatus?: string;
  currency?: string;
  items?: readonly AskedItem[];
}

/** A line that is not judged any further. */
export interface Refusal extends Partial<CellProblem> {
  outcome: 'MALFORMED' | 'INVALID_ACTION_TRACKER';
}

/** One data line of a file. */
export interface FileRecord {
  /** Counts the data lines of the file from 1. */
  number: number;
  /** Physical line on which it begins. */
  line: number;
  actionId: string | null;
  orderId: string | null;
  /** Whether it says something of one item, in the form of one row for each item. */
  isItem: boolean;
  content: { ask: Ask } | { refusal: Refusal };
}

/** Reads one cell of the row in hand. */
type Cell = (name: ColumnName) => string;

const malformed = (message: string, hint?: string): Refusal => ({
  outcome: 'MALFORMED',
  message,
  ...(hint !== undefined && { hint }),
});

/** The first problem of a line ends its reading. */
class Unreadable extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.outcome);
    this.refusal = refusal;
  }
}

const valueOf = <T>(reading: CellReading<T>): T => {
  if ('value' in reading) return reading.value;
  throw new Unreadable({ outcome: 'MALFORMED', ...reading.problem });
};

const longestStatus = 40;

const customerStatusOf = (text: string): string => {
  if (text.length <= longestStatus) return text;
  throw new Unreadable(
    malformed(`CustomerStatus: it is longer than ${longestStatus} characters`, 'Use NEW or EXISTING.'),
  );
};

const itemAmountOf = (column: string, text: string, quantity: number): string | undefined => {
  if (text !== '') return valueOf(readAmount(column, text));
  if (quantity === 0) return undefined;
  throw new Unreadable(malformed(`${column}: it is empty`, 'Give the final amount of the item beside its quantity.'));
};

const indexedItems = (cells: readonly string[], { items }: Columns): AskedItem[] =>
  items.flatMap((item) => {
    const at = (place: number | null): string => (place === null ? '' : (cells[place] ?? '').trim());
    const [sku, quantityText, amount] = [at(item.sku), at(item.quantity), at(item.amount)];
    if (sku === '' && quantityText === '' && amount === '') return [];
    if (sku === '') throw new Unreadable(malformed(`Sku${item.index}: it is empty`));
    const quantity = valueOf(readQuantity(`Quantity${item.index}`, quantityText));
    return [{ sku, quantity, amount: itemAmountOf(`Amount${item.index}`, amount, quantity) }];
  });

const rowItem = (cell: Cell): AskedItem => {
  const sku = cell('Sku');
  if (sku === '') throw new Unreadable(malformed('Sku: it is empty, and there is a quantity'));
  const quantity = valueOf(readQuantity('Quantity', cell('Quantity')));
  return { sku, quantity, amount: itemAmountOf('Amount', cell('Amount'), quantity) };
};

const readAsk = (cells: readonly string[], cell: Cell, columns: Columns, isItem: boolean): Ask => {
  const [amount, customerStatus, currency] = [cell('Amount'), cell('CustomerStatus'), cell('CurrencyCode')];
  const items = isItem ? [rowItem(cell)] : indexedItems(cells, columns);
  if (!isItem && items.length > 0 && amount !== '')
    throw new Unreadable(
      malformed('Amount: the line has an amount for the order and for its items', 'Give one of the two.'),
    );
  return {
    reason: cell('Reason'),
    ...(!isItem && amount !== '' && { amount: valueOf(readAmount('Amount', amount)) }),
    ...(customerStatus !== '' && { customerStatus: customerStatusOf(customerStatus) }),
    ...(currency !== '' && { currency }),
    ...(items.length > 0 && { items }),
  };
};

/** MALFORMED of the ids comes before the event type, and the event type before everything else that is found later. */
const readContent = (
  cells: readonly string[],
  cell: Cell,
  columns: Columns,
  eventTypeId: number,
  isItem: boolean,
): FileRecord['content'] => {
  try {
    const actionId = valueOf(readId('ActionId', cell('ActionId')));
    const orderId = valueOf(readId('OrderId', cell('OrderId')));
    const ask = readAsk(cells, cell, columns, isItem);
    const tracker = cell('ActionTrackerId');
    if (tracker === '' ? actionId === '' : tracker !== String(eventTypeId))
      return { refusal: { outcome: 'INVALID_ACTION_TRACKER' } };
    if (actionId === '' && orderId === '') return { refusal: malformed('OrderId: it is empty') };
    return { ask };
  } catch (error) {
    if (error instanceof Unreadable) return { refusal: error.refusal };
    throw error;
  }
};

/** Reads the lines of one file, for one event type. Spaces around values are left out; nothing is rounded. */
export const recordReader = (columns: Columns, eventTypeId: number) => {
  const { places } = columns;
  return (row: CsvRow, number: number): FileRecord => {
    const cell: Cell = (name) => {
      const place = places[name];
      return place === undefined ? '' : (row.cells[place] ?? '').trim();
    };
    const isItem = places.Sku !== undefined && (cell('Sku') !== '' || cell('Quantity') !== '');
    const content: FileRecord['content'] =
      row.trouble === undefined
        ? readContent(row.cells, cell, columns, eventTypeId, isItem)
        : { refusal: malformed(`The line cannot be read: ${row.trouble}.`) };
    const [actionId, orderId] = [cell('ActionId') || null, cell('OrderId') || null];
    return { number, line: row.line, actionId, orderId, isItem, content };
  };
};
