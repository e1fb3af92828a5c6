import type { Database, Statement } from 'better-sqlite3';
import { preparedOnce } from '../store/prepared.ts';
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

interface Statements {
  byId: Statement;
  newest: Statement;
  standings: Statement;
  items: Statement;
  entry: Statement;
  transaction: Statement;
  item: Statement;
}

const prepareAll = (db: Database): Statements => ({
  byId: db.prepare('select id from transactions where public_id = ? and event_type = ?').pluck(),
  newest: db.prepare('select max(id) from transactions where event_type = ? and order_id = ?').pluck(),
  standings: db.prepare(`select ${standingColumns} from transactions t join journal j on j.sequence = t.id
    where t.id in (select value from json_each(?))`),
  items: db.prepare(`select ${standingItemColumns} from items
    where transaction_id in (select value from json_each(?)) order by transaction_id, position`),
  entry: db.prepare(`insert into journal (${entryColumns.map(({ name }) => name).join(', ')})
    values (${entryColumns.map(() => '?').join(', ')})`),
  transaction: db.prepare(
    'update transactions set amount = ?, payout = ?, status = ?, customer_status = ? where id = ?',
  ),
  item: db.prepare(`update items set created_quantity = coalesce(created_quantity, quantity),
    created_amount = coalesce(created_amount, amount), quantity = ?, amount = ? where transaction_id = ? and position = ?`),
});

const statementsOf = preparedOnce(prepareAll);

/** First the ids, one small lookup each, then all rows at once (as `findInSqlite`). */
export const findStandingsInSqlite = (db: Database, wanted: WantedStandings): FoundRows => {
  const { byId, newest, standings, items } = statementsOf(db);
  const { eventTypeId, transactionIds, orderIds } = wanted;
  const named = transactionIds.flatMap((transactionId) => byId.all(transactionId, eventTypeId));
  const last = orderIds.map((orderId) => newest.get(eventTypeId, orderId)).filter((id) => id !== null);
  const ids = `[${[...named, ...last].join(',')}]`;
  const rows = standings.all(ids) as FoundRows['rows'];
  return { newest: last.map(Number), rows, items: items.all(ids) as FoundRows['items'] };
};

export const recordInSqlite = (db: Database, changes: readonly LedgerChange[], origin: ChangeOrigin): void => {
  const { entry, transaction, item } = statementsOf(db);
  for (const change of changes) {
    const { amount, payout, status, customerStatus } = change.after;
    entry.run(entryValues(change, origin));
    transaction.run(amount, payout, status, customerStatus, change.id);
    for (const changed of changedItemsOf(change))
      item.run(changed.item.quantity, changed.item.amount, change.id, changed.position);
  }
};
