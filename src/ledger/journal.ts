import type { Minor } from '../money.ts';
import { big, int, intOrNull, type Store } from '../store/store.ts';
import type { Change, Status } from './transaction.ts';

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
