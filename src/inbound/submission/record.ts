import type { CsvRow } from '../../file/csv.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { AskedConversion } from './asked-conversion.ts';
import { type CellReading, keptId, readAmount, readCurrency, readId, readQuantity } from './cells.ts';
import type { ColumnName, Columns } from './columns.ts';
import { type Refusal, Unreadable, valueOr } from './refusal.ts';

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

/** One data line of a file. */
export interface FileRecord {
  /** Counts the data lines of the file from 1. */
  number: number;
  /** Physical line on which it begins. */
  line: number;
  /** Its values as they are in the file, for the result file. */
  cells: readonly string[];
  actionId: string | null;
  orderId: string | null;
  /** Whether it says something of one item, in the form of one row for each item. */
  isItem: boolean;
  /** What it takes of the room in a chunk: 1, or more for many items and long values. */
  weight: number;
  content: { ask: Ask } | { conversion: AskedConversion } | { refusal: Refusal };
  /** Set where it could not be read at all in a file of items: it may be a row of the orders beside it. */
  torn?: true;
}

/** Reads one cell of the row in hand. */
type Cell = (name: ColumnName) => string;

const malformed = (message: string, hint?: string): Refusal => ({
  outcome: 'MALFORMED',
  message,
  ...(hint !== undefined && { hint }),
});

const valueOf = <T>(reading: CellReading<T>): T => valueOr('MALFORMED', reading);

const longestStatus = 40;

const customerStatusOf = (text: string): string => {
  if (text.length <= longestStatus) return text;
  throw new Unreadable(
    malformed(`CustomerStatus: it is longer than ${longestStatus} characters`, 'Use NEW or EXISTING.'),
  );
};

const itemAmountOf = (column: string, text: string, quantity: number, currency: string): string | undefined => {
  if (text !== '') return valueOf(readAmount(column, text, currency));
  if (quantity === 0) return undefined;
  throw new Unreadable(malformed(`${column}: it is empty`, 'Give the final amount of the item beside its quantity.'));
};

export const namedTwice = (sku: string): { message: string; hint: string } => ({
  message: `Sku: "${sku.slice(0, 60)}" is named twice`,
  hint: 'Name each item once, with its final quantity and amount.',
});

const indexedItems = (cells: readonly string[], { items }: Columns, currency: string): AskedItem[] => {
  const named = new Set<string>();
  return items.flatMap((item) => {
    const at = (place: number | null): string => (place === null ? '' : (cells[place] ?? '').trim());
    const [sku, quantityText, amount] = [at(item.sku), at(item.quantity), at(item.amount)];
    if (sku === '' && quantityText === '' && amount === '') return [];
    if (sku === '') throw new Unreadable(malformed(`Sku${item.index}: it is empty`));
    if (named.has(sku)) throw new Unreadable({ outcome: 'MALFORMED', ...namedTwice(sku) });
    named.add(sku);
    const quantity = valueOf(readQuantity(`Quantity${item.index}`, quantityText));
    return [{ sku, quantity, amount: itemAmountOf(`Amount${item.index}`, amount, quantity, currency) }];
  });
};

const rowItem = (cell: Cell, currency: string): AskedItem => {
  const sku = cell('Sku');
  if (sku === '') throw new Unreadable(malformed('Sku: it is empty, and there is a quantity'));
  const quantity = valueOf(readQuantity('Quantity', cell('Quantity')));
  return { sku, quantity, amount: itemAmountOf('Amount', cell('Amount'), quantity, currency) };
};

/** What a file is read for: amounts are in the event type's currency unless the line names another. */
export type RecordContext = Pick<EventType, 'id' | 'currency'>;

interface Line {
  cells: readonly string[];
  cell: Cell;
  isItem: boolean;
}

const readAsk = ({ cells, cell, isItem }: Line, columns: Columns, eventType: RecordContext): Ask => {
  const [amount, customerStatus, named] = [cell('Amount'), cell('CustomerStatus'), cell('CurrencyCode')];
  const currency = named === '' ? eventType.currency : valueOf(readCurrency('CurrencyCode', named));
  const items = isItem ? [rowItem(cell, currency)] : indexedItems(cells, columns, currency);
  if (!isItem && items.length > 0 && amount !== '')
    throw new Unreadable(
      malformed('Amount: the line has an amount for the order and for its items', 'Give one of the two.'),
    );
  return {
    reason: cell('Reason'),
    ...(!isItem && amount !== '' && { amount: valueOf(readAmount('Amount', amount, currency)) }),
    ...(customerStatus !== '' && { customerStatus: customerStatusOf(customerStatus) }),
    ...(named !== '' && { currency }),
    ...(items.length > 0 && { items }),
  };
};

/** Everything that is MALFORMED comes before the event type, and the event type before what is looked up later. */
const readContent = (line: Line, columns: Columns, eventType: RecordContext): FileRecord['content'] => {
  const { cell } = line;
  try {
    const actionId = valueOf(readId('ActionId', cell('ActionId')));
    const orderId = valueOf(readId('OrderId', cell('OrderId')));
    const ask = readAsk(line, columns, eventType);
    const tracker = cell('ActionTrackerId');
    if (tracker === '' ? actionId === '' : tracker !== String(eventType.id))
      return { refusal: { outcome: 'INVALID_ACTION_TRACKER' } };
    if (actionId === '' && orderId === '') return { refusal: malformed('OrderId: it is empty') };
    return { ask };
  } catch (error) {
    if (error instanceof Unreadable) return { refusal: error.refusal };
    throw error;
  }
};

/** Characters of a line, and its items, that count as much as a plain line. */
const plainLength = 200;

/** Cells of a line that count as much, empty ones too: they are kept until its chunk is done. */
const plainCells = 50;

/** What a line takes of the room in a chunk. */
export const weightOf = ({ cells }: CsvRow, content: FileRecord['content']): number => {
  const length = cells.reduce((sum, cell) => sum + cell.length, 0);
  const items = 'ask' in content ? (content.ask.items?.length ?? 0) : 0;
  return Math.max(1, items, Math.ceil(length / plainLength), Math.ceil(cells.length / plainCells));
};

/** Reads the lines of one file, for one event type. Spaces around values are left out; nothing is rounded. */
export const recordReader = (columns: Columns, eventType: RecordContext) => {
  const { places } = columns;
  return (row: CsvRow, number: number): FileRecord => {
    const cell: Cell = (name) => {
      const place = places[name];
      return place === undefined ? '' : (row.cells[place] ?? '').trim();
    };
    const isItem = places.Sku !== undefined && (cell('Sku') !== '' || cell('Quantity') !== '');
    const content: FileRecord['content'] =
      row.trouble === undefined
        ? readContent({ cells: row.cells, cell, isItem }, columns, eventType)
        : { refusal: malformed(`The line cannot be read: ${row.trouble}.`) };
    const kept = (id: string): string | null => ('refusal' in content ? keptId(id) : id || null);
    const [actionId, orderId] = [kept(cell('ActionId')), kept(cell('OrderId'))];
    const { line, cells } = row;
    return { number, line, cells, actionId, orderId, isItem, weight: weightOf(row, content), content };
  };
};
