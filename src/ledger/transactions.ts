import type { Row, Writer } from '../store/store.ts';
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

/** Parameters of one statement; both databases allow many more. */
const customersAtATime = 500;

/** The partner of each customer's newest transaction in these event types; customers without one are left out. */
export const newestPartners = async (
  { knex }: Writer,
  eventTypeIds: readonly number[],
  customerIds: readonly string[],
): Promise<Map<string, string>> => {
  const partners = new Map<string, string>();
  if (eventTypeIds.length === 0) return partners;
  for (let from = 0; from < customerIds.length; from += customersAtATime) {
    const newest = knex('transactions')
      .whereIn('event_type', eventTypeIds)
      .whereIn('customer_id', customerIds.slice(from, from + customersAtATime))
      .whereNotNull('customer_id') // the index is of those only
      .groupBy('customer_id')
      .max('id');
    const rows = (await knex('transactions').whereIn('id', newest).select('customer_id', 'partner')) as Row[];
    for (const row of rows) partners.set(String(row['customer_id']), String(row['partner']));
  }
  return partners;
};
