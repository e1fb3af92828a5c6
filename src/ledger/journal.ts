import type { Minor } from '../money.ts';
import { big, int, intOrNull, type Store, type Writer } from '../store/store.ts';
import type { Change, Origin, Status } from './transaction.ts';

/** One change of a transaction: what it was before (null when it was created) and what it is since. */
export interface JournalEntry {
  sequence: number;
  transactionId: number;
  change: Change;
  /** Milliseconds. */
  at: number;
  amountBefore: Minor | null;
  amount: Minor;
  payoutBefore: Minor | null;
  payout: Minor;
  statusBefore: Status | null;
  status: Status;
  customerStatusBefore: string | null;
  customerStatus: string | null;
  reason: string | null;
  channel: string;
  source: string | null;
  line: number | null;
  sender: string | null;
}

type Row = Record<string, unknown>;

const bigOrNull = (value: unknown): bigint | null => (value === null ? null : big(value));

const readEntry = (row: Row): JournalEntry => ({
  sequence: int(row['sequence']),
  transactionId: int(row['transaction_id']),
  change: row['change'] as Change,
  at: int(row['at']),
  amountBefore: bigOrNull(row['amount_before']),
  amount: big(row['amount']),
  payoutBefore: bigOrNull(row['payout_before']),
  payout: big(row['payout']),
  statusBefore: row['status_before'] as Status | null,
  status: row['status'] as Status,
  customerStatusBefore: row['customer_status_before'] as string | null,
  customerStatus: row['customer_status'] as string | null,
  reason: row['reason'] as string | null,
  channel: String(row['channel']),
  source: row['source'] as string | null,
  line: intOrNull(row['line']),
  sender: row['sender'] as string | null,
});

/** The journal of a transaction (its `id`), oldest first. */
export const journalOf = async (store: Store, transactionId: number): Promise<JournalEntry[]> => {
  const rows: Row[] = await store.read('journal').where({ transaction_id: transactionId }).orderBy('sequence');
  return rows.map(readEntry);
};

/** What a change sets; what is left out stays. */
export interface Changed {
  amount?: Minor;
  payout?: Minor;
  status?: Status;
  customerStatus?: string | null;
}

/**
 * Changes a transaction (its `id`) and writes the entry that says so, in the caller's database transaction. Judges
 * nothing: whether the change is allowed is decided before. Resolves to the entry's sequence.
 */
export const recordChange = async (
  { knex }: Writer,
  transactionId: number,
  change: Exclude<Change, 'created'>,
  changed: Changed,
  origin: Origin & { at: number; line?: number | null; reason?: string | null },
): Promise<number> => {
  // On PostgreSQL the row stays locked to the end, so that what is recorded as "before" is true.
  const row: Row | undefined = await knex('transactions').where({ id: transactionId }).forUpdate().first();
  if (!row) throw new Error(`no transaction ${transactionId}`);
  const after = {
    amount: changed.amount ?? big(row['amount']),
    payout: changed.payout ?? big(row['payout']),
    status: changed.status ?? row['status'],
    customer_status: changed.customerStatus === undefined ? row['customer_status'] : changed.customerStatus,
  };
  await knex('transactions').where({ id: transactionId }).update(after);
  const { channel, source, sender = null, at, line = null, reason = null } = origin;
  const before = { amount_before: row['amount'], payout_before: row['payout'], status_before: row['status'] };
  const entry = {
    transaction_id: transactionId,
    change,
    at,
    ...before,
    ...after,
    reason,
    channel,
    source,
    line,
    sender,
  };
  const [written] = (await knex('journal')
    .insert({ ...entry, customer_status_before: row['customer_status'] })
    .returning('sequence')) as Row[];
  return int(written?.['sequence']);
};
