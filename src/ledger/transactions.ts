import type { Writer } from '../store/store.ts';
import { findInPostgres, insertIntoPostgres } from './transactions-postgres.ts';
import { findInSqlite, insertIntoSqlite } from './transactions-sqlite.ts';
import type { CreatedTransaction, Creation, NewTransaction, Wanted } from './transaction.ts';

/**
 * Inserts transactions with their items and their `created` entries, in the order given; the sequences follow it. The hot
 * path of everything that adds: raw statements, one block in one call. Resolves to the sequences. The caller has made
 * sure that ids and orders are free (`addTransactions`); a taken id fails the database transaction.
 */
export const insertTransactions = (
  { raw }: Writer,
  rows: readonly NewTransaction[],
  creation: Creation,
): Promise<number[]> =>
  raw.kind === 'sqlite'
    ? Promise.resolve(insertIntoSqlite(raw.db, rows, creation))
    : insertIntoPostgres(raw.client, rows, creation);

/** The transactions with these ids or of these orders, as they were created, in no particular order. */
export const findCreated = ({ raw }: Writer, wanted: Wanted): Promise<CreatedTransaction[]> =>
  raw.kind === 'sqlite' ? Promise.resolve(findInSqlite(raw.db, wanted)) : findInPostgres(raw.client, wanted);
