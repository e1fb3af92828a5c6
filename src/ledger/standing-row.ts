import type { Bound } from '../store/array-literal.ts';
import { big, int } from '../store/store.ts';
import type { Standing, Terms } from './modification.ts';
import type { Change, Item, Origin, Status } from './transaction.ts';

/** A transaction as a modification finds it, with what names it. */
export interface FoundTransaction extends Standing {
  id: number;
  transactionId: string;
  orderId: string;
  currency: string;
}

/** Which transactions of an event type are wanted: by their public id, or the newest of an order. */
export interface WantedStandings {
  eventTypeId: number;
  transactionIds: readonly string[];
  orderIds: readonly string[];
}

/** Keys of those that were found, and which of them are the newest of their orders. */
export interface FoundRows {
  newest: readonly number[];
  rows: Record<string, unknown>[];
  items: Record<string, unknown>[];
}

/** Selects a transaction `t`, with its `created` entry `j` and how often it was changed. */
export const standingColumns: string = [
  ...['t.id', 't.public_id', 't.order_id', 't.currency', 't.amount', 't.payout', 't.status', 't.customer_status'],
  ...['t.locking_date', 'j.amount as created_amount', 'j.payout as created_payout'],
  'j.customer_status as created_customer_status',
  '(select count(*) - 1 from journal c where c.transaction_id = t.id) as modifications',
].join(', ');

export const standingItemColumns = `transaction_id, position, sku, category, quantity, amount,
  coalesce(created_quantity, quantity) as created_quantity, coalesce(created_amount, amount) as created_amount`;

type Row = Record<string, unknown>;

const readItem = (row: Row, prefix: string): Item => ({
  sku: String(row['sku']),
  category: row['category'] as string | null,
  quantity: int(row[`${prefix}quantity`]),
  amount: big(row[`${prefix}amount`]),
});

/** Rows of `standingColumns` with the rows of `standingItemColumns` that belong to them, by name. */
export const readStandings = (rows: readonly Row[], itemRows: readonly Row[]): FoundTransaction[] => {
  const items = new Map<number, Row[]>();
  for (const row of itemRows) {
    const id = int(row['transaction_id']);
    const list = items.get(id);
    if (list) list.push(row);
    else items.set(id, [row]);
  }
  return rows.map((row) => readStanding(row, items.get(int(row['id'])) ?? []));
};

const readStanding = (row: Row, items: readonly Row[]): FoundTransaction => ({
  id: int(row['id']),
  transactionId: String(row['public_id']),
  orderId: String(row['order_id']),
  currency: String(row['currency']),
  amount: big(row['amount']),
  payout: big(row['payout']),
  status: row['status'] as Status,
  customerStatus: row['customer_status'] as string | null,
  items: items.map((item) => readItem(item, '')),
  lockingDate: int(row['locking_date']),
  original: {
    amount: big(row['created_amount']),
    payout: big(row['created_payout']),
    customerStatus: row['created_customer_status'] as string | null,
    items: items.map((item) => readItem(item, 'created_')),
  },
  modifications: int(row['modifications']),
});

/** One change of a transaction, already judged. */
export interface LedgerChange {
  /** The transaction's `id`. */
  id: number;
  change: Exclude<Change, 'created'>;
  before: Terms;
  after: Terms;
  reason: string;
  /** The line of its source. */
  line: number | null;
}

/** What all changes of a block share. */
export interface ChangeOrigin extends Origin {
  /** Milliseconds. */
  at: number;
}

/** A journal entry's values, in the order in which both databases write them. */
export const entryValues = (
  { id, change, before, after, reason, line }: LedgerChange,
  { at, channel, source, sender = null }: ChangeOrigin,
): Bound[] => [
  ...[id, change, at],
  ...[before.amount, after.amount, before.payout, after.payout, before.status, after.status],
  ...[before.customerStatus, after.customerStatus],
  ...[reason, channel, source, line, sender],
];

export const entryColumns: readonly { name: string; type: 'bigint' | 'text' }[] = [
  { name: 'transaction_id', type: 'bigint' },
  { name: 'change', type: 'text' },
  { name: 'at', type: 'bigint' },
  { name: 'amount_before', type: 'bigint' },
  { name: 'amount', type: 'bigint' },
  { name: 'payout_before', type: 'bigint' },
  { name: 'payout', type: 'bigint' },
  { name: 'status_before', type: 'text' },
  { name: 'status', type: 'text' },
  { name: 'customer_status_before', type: 'text' },
  { name: 'customer_status', type: 'text' },
  { name: 'reason', type: 'text' },
  { name: 'channel', type: 'text' },
  { name: 'source', type: 'text' },
  { name: 'line', type: 'bigint' },
  { name: 'sender', type: 'text' },
];

/** Items whose quantity or amount is another one after the change, by position from 1. */
export const changedItemsOf = ({ before, after }: LedgerChange): { position: number; item: Item }[] =>
  after.items.flatMap((item, i) => {
    const was = before.items[i];
    const same = was?.quantity === item.quantity && was.amount === item.amount;
    return same ? [] : [{ position: i + 1, item }];
  });
