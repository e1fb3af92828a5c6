import type { Bound } from '../store/array-literal.ts';
import { big, int, intOrNull } from '../store/store.ts';
import {
  assignedId,
  type Item,
  type NewTransaction,
  textFields,
  type CreatedTransaction,
  type Creation,
} from './transaction.ts';

/** The columns of `transactions`, in the order of `transactionValues`, with their types on PostgreSQL. */
export const transactionColumns: readonly { name: string; type: 'bigint' | 'text' }[] = [
  { name: 'id', type: 'bigint' },
  { name: 'public_id', type: 'text' },
  { name: 'event_type', type: 'bigint' },
  { name: 'partner', type: 'text' },
  { name: 'order_id', type: 'text' },
  { name: 'event_date', type: 'bigint' },
  { name: 'locking_date', type: 'bigint' },
  { name: 'created_at', type: 'bigint' },
  { name: 'currency', type: 'text' },
  { name: 'amount', type: 'bigint' },
  { name: 'payout', type: 'bigint' },
  { name: 'status', type: 'text' },
  { name: 'quantity', type: 'bigint' },
  { name: 'custom', type: 'text' },
  ...textFields.map(({ column }) => ({ name: column, type: 'text' as const })),
];

/** The row of a transaction whose `created` entry has that sequence. */
export const transactionValues = (row: NewTransaction, sequence: number, creation: Creation): Bound[] => [
  ...numberedValues(row, sequence),
  ...ownValues(row, creation),
];

/** The first columns: those that the sequence is needed for. */
export const numberedValues = ({ transactionId, eventTypeId }: NewTransaction, sequence: number): Bound[] => [
  sequence,
  transactionId ?? assignedId(eventTypeId, sequence),
];

/** The columns behind them. */
export const ownValues = (row: NewTransaction, { at }: Creation): Bound[] => [
  row.eventTypeId,
  row.partner,
  row.orderId,
  row.eventDate,
  row.lockingDate,
  at,
  row.currency,
  row.amount,
  row.payout,
  'PENDING',
  row.quantity,
  row.custom,
  ...row.texts,
];

/** Selects a transaction `t` as it was created: what may change later comes from its `created` entry `j`. */
export const createdColumns: string = [
  ...['t.id', 't.public_id', 't.event_type', 't.partner', 't.order_id', 't.event_date', 't.locking_date', 't.currency'],
  ...['j.amount', 'j.payout', 't.quantity', 't.custom', 'j.line'],
  ...textFields.map(({ name, column }) => (name === 'customerStatus' ? 'j.customer_status' : `t.${column}`)),
].join(', ');

/** Selects an item as it was created; what it is now stands in its own columns. */
export const createdItemColumns =
  'transaction_id, sku, category, coalesce(created_quantity, quantity) as quantity, coalesce(created_amount, amount) as amount';

const readCreated = (row: Record<string, unknown>, items: Item[]): CreatedTransaction => ({
  id: int(row['id']),
  transactionId: String(row['public_id']),
  eventTypeId: int(row['event_type']),
  partner: String(row['partner']),
  orderId: String(row['order_id']),
  eventDate: int(row['event_date']),
  lockingDate: int(row['locking_date']),
  currency: String(row['currency']),
  amount: big(row['amount']),
  payout: big(row['payout']),
  quantity: intOrNull(row['quantity']),
  custom: row['custom'] as string | null,
  line: intOrNull(row['line']),
  texts: textFields.map(({ column }) => row[column] as string | null),
  items,
});

const readItem = (row: Record<string, unknown>): Item => ({
  sku: String(row['sku']),
  category: row['category'] as string | null,
  quantity: int(row['quantity']),
  amount: big(row['amount']),
});

/** Rows of `createdColumns` with the rows of `items` that belong to any of them, by name. */
export const readAllCreated = (
  rows: Record<string, unknown>[],
  itemRows: Record<string, unknown>[],
): CreatedTransaction[] => {
  const items = new Map<number, Item[]>();
  for (const row of itemRows) {
    const id = int(row['transaction_id']);
    const list = items.get(id);
    if (list) list.push(readItem(row));
    else items.set(id, [readItem(row)]);
  }
  return rows.map((row) => readCreated(row, items.get(int(row['id'])) ?? []));
};
