import type { ClientBase } from 'pg';
import { arrayOf, type Bound, columnsOf } from '../store/array-literal.ts';
import { int } from '../store/store.ts';
import {
  type ChangeOrigin,
  changedItemsOf,
  entryColumns,
  entryValues,
  type FoundRows,
  type LedgerChange,
  standingColumns,
  standingItemColumns,
  type WantedStandings,
} from './standing-row.ts';

type Row = Record<string, unknown>;

const findById = 'select id from transactions where public_id = any($1::text[]) and event_type = $2';
const findNewest = `select max(t.id) as id from unnest($1::text[]) as k (order_id)
  join transactions t on t.event_type = $2 and t.order_id = k.order_id group by k.order_id`;
// In order of their ids, so that two who want the same rows cannot wait for each other.
const lock = 'select id from transactions where id = any($1::bigint[]) order by id for update';
const findAll = `select ${standingColumns} from transactions t join journal j on j.sequence = t.id
  where t.id = any($1::bigint[])`;
const findItems = `select ${standingItemColumns} from items
  where transaction_id = any($1::bigint[]) order by transaction_id, position`;

/**
 * The rows stay locked until the database transaction ends. What is read comes from a statement after the one that
 * locked, so it holds all that others have committed by then.
 */
export const findStandingsInPostgres = async (client: ClientBase, wanted: WantedStandings): Promise<FoundRows> => {
  const ask = async (name: string, text: string, values: (string | number)[]): Promise<Row[]> =>
    (await client.query<Row>({ name, text, values })).rows;
  const { eventTypeId, transactionIds, orderIds } = wanted;
  const idsOf = (rows: Row[]): number[] => rows.map((row) => int(row['id']));
  const named =
    transactionIds.length === 0
      ? []
      : idsOf(await ask('changes: by id', findById, [arrayOf(transactionIds), eventTypeId]));
  const newest =
    orderIds.length === 0 ? [] : idsOf(await ask('changes: newest', findNewest, [arrayOf(orderIds), eventTypeId]));
  const ids = arrayOf([...named, ...newest]);
  await ask('changes: lock', lock, [ids]);
  const rows = await ask('changes: standings', findAll, [ids]);
  return { newest, rows, items: await ask('changes: items', findItems, [ids]) };
};

const names = entryColumns.map(({ name }) => name).join(', ');
const arrays = entryColumns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ');
const insertEntries = `insert into journal (${names}) select ${names} from unnest(${arrays}) with ordinality
  as a (${names}, place) order by a.place`;
const updateTransactions = `update transactions t
  set amount = a.amount, payout = a.payout, status = a.status, customer_status = a.customer_status
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
    as a (id, amount, payout, status, customer_status) where t.id = a.id`;
const updateItems = `update items i set created_quantity = coalesce(i.created_quantity, i.quantity),
    created_amount = coalesce(i.created_amount, i.amount), quantity = a.quantity, amount = a.amount
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as a (id, position, quantity, amount)
  where i.transaction_id = a.id and i.position = a.position`;

/** Of several changes of one row, the last counts: an update sees a row once. */
const lastOf = (rows: readonly (readonly [string, Bound[]])[]): Bound[][] => [...new Map(rows).values()];

export const recordInPostgres = async (
  client: ClientBase,
  changes: readonly LedgerChange[],
  origin: ChangeOrigin,
): Promise<void> => {
  if (changes.length === 0) return;
  const entries = changes.map((change) => entryValues(change, origin));
  const transactions = lastOf(
    changes.map(({ id, after: { amount, payout, status, customerStatus } }) => [
      String(id),
      [id, amount, payout, status, customerStatus],
    ]),
  );
  const items = lastOf(
    changes.flatMap((change) =>
      changedItemsOf(change).map(({ position, item }): [string, Bound[]] => [
        `${change.id} ${position}`,
        [change.id, position, item.quantity, item.amount],
      ]),
    ),
  );
  const write = (name: string, text: string, rows: Bound[][], width: number) =>
    client.query({ name, text, values: columnsOf(rows, width) });
  await write('changes: entries', insertEntries, entries, entryColumns.length);
  await write('changes: transactions', updateTransactions, transactions, 5);
  if (items.length > 0) await write('changes: write items', updateItems, items, 4);
};
