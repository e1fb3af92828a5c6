import type { CsvRow } from '../file/csv.ts';
import { isCurrency, type Minor, parseAmount } from '../money.ts';
import type { EventType } from './event-type.ts';
import type { LedgerHeader } from './ledger-header.ts';
import { lockingDates } from './locking.ts';
import { readInstant } from './read-instant.ts';
import type { Item, NewTransaction } from './transaction.ts';

/** Something in a ledger file that could not be taken. */
export interface Problem {
  /** Physical line on which the row begins. */
  line: number;
  /** Public name of the column; null when it is the row as a whole. */
  column: string | null;
  /** The value as it is in the file, shortened; null when there is none. */
  value: string | null;
  reason: string;
}

/** What the rows are checked against. */
export interface LedgerContext {
  eventTypes: ReadonlyMap<number, EventType>;
  /** Base names of the partners' files. */
  partners: ReadonlySet<string>;
}

/** Reports a problem of the row in hand. */
export type Report = (column: string | null, value: string | null, reason: string) => void;

/** Reads rows of one file. Each function reports what is wrong and gives undefined then. */
export interface RowReader {
  transaction(row: CsvRow, report: Report): NewTransaction | undefined;
  item(row: CsvRow, currency: string, report: Report): Item | undefined;
}

const text = (cell: string | undefined): string | null => (cell === undefined || cell === '' ? null : cell);

/** Empty cells are null, and nothing is trimmed or rounded. */
export const rowReader = (header: LedgerHeader, context: LedgerContext): RowReader => {
  const at = (name: string) => {
    const index = header.indexOf(name);
    return (row: CsvRow): string | null => (index < 0 ? null : text(row.cells[index]));
  };
  return { transaction: transactionReader(header, context, at), item: itemReader(at) };
};

type At = (name: string) => (row: CsvRow) => string | null;

const transactionReader = (header: LedgerHeader, context: LedgerContext, at: At): RowReader['transaction'] => {
  const cells = { id: at('transactionId'), order: at('orderId'), payout: at('payout'), amount: at('amount') };
  const partnerOf = partnerReader(at('partner'), context.partners);
  const eventTypeOf = eventTypeReader(at('eventTypeId'), context.eventTypes);
  const eventDateOf = eventDateReader(at('eventDate'));
  const quantityOf = quantityReader('quantity', at('quantity'));
  const currencyOf = currencyReader(at('currency'));
  const lockingDateOf = lockingDates();
  return (row, report) => {
    const eventType = eventTypeOf(row, report);
    const partner = partnerOf(row, report);
    const orderId = required('orderId', cells.order(row), report);
    const eventDate = eventDateOf(row, report);
    const currency = eventType && currencyOf(row, eventType, report);
    const amount = currency && amountOf('amount', required('amount', cells.amount(row), report), currency, report);
    const payout = currency && amountOf('payout', cells.payout(row) ?? '0', currency, report);
    const quantity = quantityOf(row, report);
    if (!eventType || !currency || partner === undefined || orderId === undefined || eventDate === undefined)
      return undefined;
    if (typeof amount !== 'bigint' || typeof payout !== 'bigint' || quantity === undefined) return undefined;
    return {
      ...{ transactionId: cells.id(row), eventTypeId: eventType.id, partner, orderId, eventDate },
      lockingDate: lockingDateOf(eventType, eventDate),
      ...{ amount, currency, payout, quantity },
      texts: header.texts.map((index) => (index < 0 ? null : text(row.cells[index]))),
      custom: customOf(header, row),
      items: [],
      line: row.line,
    };
  };
};

const required = (column: string, value: string | null, report: Report): string | undefined => {
  if (value !== null) return value;
  report(column, null, 'it is required');
  return undefined;
};

const partnerReader =
  (cell: (row: CsvRow) => string | null, partners: ReadonlySet<string>) => (row: CsvRow, report: Report) => {
    const value = required('partner', cell(row), report);
    if (value === undefined || partners.has(value)) return value;
    report('partner', value, 'no such partner; it is the base name of a file in partners/');
    return undefined;
  };

const eventTypeReader =
  (cell: (row: CsvRow) => string | null, eventTypes: ReadonlyMap<number, EventType>) =>
  (row: CsvRow, report: Report) => {
    const value = required('eventTypeId', cell(row), report);
    if (value === undefined) return undefined;
    const id = Number(value);
    const eventType = String(id) === value ? eventTypes.get(id) : undefined;
    if (!eventType) report('eventTypeId', value, 'no such event type; it is the base name of a file in event-types/');
    return eventType;
  };

const eventDateReader = (cell: (row: CsvRow) => string | null) => (row: CsvRow, report: Report) => {
  const value = required('eventDate', cell(row), report);
  if (value === undefined) return undefined;
  const instant = readInstant(value);
  if (instant === undefined) report('eventDate', value, instantReason(value));
  return instant;
};

const instantReason = (value: string): string =>
  /^\d{4}-\d{2}-\d{2}T[\d:.,]+$/.test(value)
    ? 'it has no zone; add Z or an offset such as +02:00'
    : 'not an ISO 8601 date and time with a zone, such as 2026-01-31T14:00:00Z';

const currencyReader =
  (cell: (row: CsvRow) => string | null) => (row: CsvRow, eventType: EventType, report: Report) => {
    const currency = cell(row) ?? eventType.currency;
    if (isCurrency(currency)) return currency;
    report('currency', currency, 'not an ISO 4217 currency code in capitals, such as USD');
    return undefined;
  };

const amountOf = (column: string, value: string | undefined, currency: string, report: Report): Minor | undefined => {
  if (value === undefined) return undefined;
  const amount = parseAmount(value, currency);
  if (amount === undefined)
    report(column, value, `not an amount in ${currency}, such as 12.50: digits, a point, no separators or signs`);
  return amount;
};

const quantityReader = (column: string, cell: (row: CsvRow) => string | null) => (row: CsvRow, report: Report) => {
  const value = cell(row);
  if (value === null || /^\d{1,15}$/.test(value)) return value === null ? null : Number(value);
  report(column, value, 'not a whole number');
  return undefined;
};

const customOf = ({ custom }: LedgerHeader, row: CsvRow): string | null => {
  let json = '';
  for (const { name, index } of custom) {
    const value = row.cells[index];
    if (value) json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  return json === '' ? null : `{${json}}`;
};

const itemReader = (at: At): RowReader['item'] => {
  const [sku, category, amount] = [at('sku'), at('category'), at('itemAmount')];
  const quantityOf = quantityReader('itemQuantity', at('itemQuantity'));
  return (row, currency, report) => {
    const found = required('sku', sku(row), report);
    const quantity = quantityOf(row, report);
    const value = amountOf('itemAmount', required('itemAmount', amount(row), report), currency, report);
    if (found === undefined || quantity === undefined || value === undefined) return undefined;
    return { sku: found, category: category(row), quantity: quantity ?? 1, amount: value };
  };
};
