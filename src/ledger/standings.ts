import type { Writer } from '../store/store.ts';
import {
  type ChangeOrigin,
  type FoundTransaction,
  type LedgerChange,
  readStandings,
  type WantedStandings,
} from './standing-row.ts';
import { findStandingsInPostgres, recordInPostgres } from './standings-postgres.ts';
import { findStandingsInSqlite, recordInSqlite } from './standings-sqlite.ts';

/** Transactions of one event type, as modifications find them. */
export interface Standings {
  byTransactionId: Map<string, FoundTransaction>;
  /** The newest transaction of an order. */
  newestOf: Map<string, FoundTransaction>;
}

/**
 * The transactions that are wanted, as they stand now. On PostgreSQL their rows stay locked until the database
 * transaction ends, so that nobody changes them between the judgement and the writing.
 */
export const findStandings = async ({ raw }: Writer, wanted: WantedStandings): Promise<Standings> => {
  const found =
    raw.kind === 'sqlite' ? findStandingsInSqlite(raw.db, wanted) : await findStandingsInPostgres(raw.client, wanted);
  const all = readStandings(found.rows, found.items);
  const newest = new Set(found.newest);
  return {
    byTransactionId: new Map(all.map((one) => [one.transactionId, one])),
    newestOf: new Map(all.filter(({ id }) => newest.has(id)).map((one) => [one.orderId, one])),
  };
};

/**
 * Writes changes that were judged, with one journal entry each, in the order given; of one transaction there may be
 * several, each beginning where the one before ended. The hot path of submissions: raw statements. Amounts, payout,
 * state, customer status and items become those of `after`; what an item was created with is kept.
 */
export const recordChanges = async (
  { raw }: Writer,
  changes: readonly LedgerChange[],
  origin: ChangeOrigin,
): Promise<void> => {
  if (raw.kind === 'sqlite') recordInSqlite(raw.db, changes, origin);
  else await recordInPostgres(raw.client, changes, origin);
};
