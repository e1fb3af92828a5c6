import { isoInstant } from '../clock.ts';
import { formatAmount } from '../money.ts';
import { big, int, rawRows, type Store } from '../store/store.ts';
import { type Field, fields } from './field.ts';
import { type JournalEntry, journalOf } from './journal.ts';

/** A value as it is shown: amounts with their currency's decimals, instants in ISO 8601 UTC to the millisecond. */
type Shown = string | number | null;

/** A journal entry as it is shown. */
export interface ShownEntry {
  sequence: number;
  at: string;
  change: string;
  amount: string;
  /** Amount after less amount before; the amount itself when it was created. */
  delta: string;
  payout: string;
  status: string;
  customerStatus: string | null;
  reason: string | null;
  channel: string;
  source: string | null;
  line: number | null;
  sender: string | null;
}

/** A transaction as it is shown: every field by its public name, and what belongs to it. */
export type ShownTransaction = Record<string, Shown | object> & {
  custom: Record<string, string>;
  items: { sku: string; category: string | null; quantity: number; amount: string }[];
  journal: ShownEntry[];
};

type Row = Record<string, unknown>;

/** From one to the next in the index: "distinct" would walk over every transaction. */
const eventTypesSql = `with recursive known (id) as (
    select min(event_type) from transactions
    union all
    select (select min(event_type) from transactions where event_type > known.id) from known where known.id is not null
  ) select id from known where id is not null`;

const knownEventTypes = async ({ read }: Store): Promise<number[]> =>
  (await rawRows(read, eventTypesSql, [])).map((row) => int(row['id']));

/** The transactions of an order, in all event types, oldest first, each with its items and its journal. Empty when there is none. */
export const showOrder = async (store: Store, orderId: string): Promise<ShownTransaction[]> => {
  // The index begins with the event type, of which there are few.
  const eventTypes = await knownEventTypes(store);
  const rows: Row[] = await store
    .read('transactions')
    .whereIn('event_type', eventTypes)
    .where({ order_id: orderId })
    .orderBy('id');
  const shown: ShownTransaction[] = [];
  for (const row of rows) shown.push(await showTransaction(store, row));
  return shown;
};

const showTransaction = async (store: Store, row: Row): Promise<ShownTransaction> => {
  const currency = String(row['currency']);
  const items: Row[] = await store.read('items').where({ transaction_id: row['id'] }).orderBy('position');
  const entries = await journalOf(store, int(row['id']));
  return {
    ...Object.fromEntries(fields.map((field) => [field.name, show(field, row[field.column], currency)])),
    custom: row['custom'] === null ? {} : (JSON.parse(String(row['custom'])) as Record<string, string>),
    items: items.map((item) => ({
      sku: String(item['sku']),
      category: item['category'] as string | null,
      quantity: int(item['quantity']),
      amount: formatAmount(big(item['amount']), currency),
    })),
    journal: entries.map((entry) => showEntry(entry, currency)),
  };
};

const show = ({ kind }: Field, value: unknown, currency: string): Shown => {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'text':
    case 'phone':
      return String(value);
    case 'integer':
      return int(value);
    case 'amount':
      return formatAmount(big(value), currency);
    case 'instant':
      return isoInstant(int(value));
    default:
      return kind satisfies never;
  }
};

const showEntry = (entry: JournalEntry, currency: string): ShownEntry => {
  const { sequence, change, status, customerStatus, reason, channel, source, line, sender } = entry;
  return {
    ...{ sequence, at: isoInstant(entry.at), change },
    amount: formatAmount(entry.amount, currency),
    delta: formatAmount(entry.amount - (entry.amountBefore ?? 0n), currency),
    payout: formatAmount(entry.payout, currency),
    ...{ status, customerStatus, reason, channel, source, line, sender },
  };
};
