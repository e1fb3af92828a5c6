import type { Database, Statement } from 'better-sqlite3';
import type { ClientBase } from 'pg';
import { preparedOnce } from '../store/prepared.ts';
import { int, type Row, type Writer } from '../store/store.ts';

/** A place in the order of locking date (milliseconds) and id. */
export interface LockingPlace {
  lockingDate: number;
  id: number;
}

/** Which transactions to approve: those that are due at `now`, behind a place, at most so many. */
export interface LockingBlock {
  now: number;
  behind: LockingPlace;
  most: number;
  /** The channel of their journal entries. */
  channel: string;
}

/** How many were approved, and the last of them; undefined when there was none. */
export interface ApprovedBlock {
  approved: number;
  last: LockingPlace | undefined;
}

/** Which rows are wanted. `status = 'PENDING'` stands literally, as the index `transactions_to_lock` says it. */
export const isDue = `status = 'PENDING' and locking_date <= :now and (locking_date, id) > (:date, :id)
  order by locking_date, id limit :most`;

const entryColumns = `transaction_id, change, at, amount_before, amount, payout_before, payout, status_before, status,
  customer_status_before, customer_status, channel`;

const entryOf = `id, 'approved', :now, amount, amount, payout, payout, 'PENDING', 'APPROVED',
  customer_status, customer_status, :channel`;

/** `:now` and its like as PostgreSQL's numbered parameters. */
const numbered = (sql: string): string =>
  sql
    .replaceAll(':now', '$1::bigint')
    .replaceAll(':date', '$2::bigint')
    .replaceAll(':id', '$3::bigint')
    .replaceAll(':most', '$4::bigint')
    .replaceAll(':channel', '$5::text');

interface Statements {
  due: Statement;
  entries: Statement;
  approve: Statement;
}

const statementsOf = preparedOnce((db): Statements => ({
  due: db.prepare(`select id, locking_date from transactions where ${isDue}`),
  entries: db.prepare(`insert into journal (${entryColumns}) select ${entryOf} from transactions
      where id in (select value from json_each(:ids)) order by locking_date, id`),
  approve: db.prepare(`update transactions set status = 'APPROVED' where id in (select value from json_each(:ids))`),
}));

const placeOf = (row: Row | undefined): LockingPlace | undefined =>
  row && { lockingDate: int(row['locking_date']), id: int(row['id']) };

const approveInSqlite = (db: Database, { now, behind, most, channel }: LockingBlock): ApprovedBlock => {
  const { due, entries, approve } = statementsOf(db);
  const found = due.all({ now, date: behind.lockingDate, id: behind.id, most }) as Row[];
  const ids = `[${found.map(({ id }) => String(id)).join(',')}]`;
  entries.run({ now, channel, ids });
  approve.run({ ids });
  return { approved: found.length, last: placeOf(found.at(-1)) };
};

/**
 * One statement. A row that somebody is changing at this moment is passed over, so nobody waits for nobody, and one that
 * was changed since is judged as it is by now.
 */
const approveSql = numbered(`with due as (select id, locking_date, amount, payout, customer_status from transactions
    where ${isDue} for update skip locked),
  entry as (insert into journal (${entryColumns}) select ${entryOf} from due order by locking_date, id),
  changed as (update transactions t set status = 'APPROVED' from due where t.id = due.id returning t.id)
  select (select count(*) from changed) as approved, locking_date, id from due
    order by locking_date desc, id desc limit 1`);

const approveInPostgres = async (
  client: ClientBase,
  { now, behind, most, channel }: LockingBlock,
): Promise<ApprovedBlock> => {
  const values = [now, behind.lockingDate, behind.id, most, channel];
  const { rows } = await client.query<Row>({ name: 'locking: approve', text: approveSql, values });
  return { approved: int(rows[0]?.['approved'] ?? 0), last: placeOf(rows[0]) };
};

/** Approves a block in the caller's database transaction, with one journal entry each, in the order of their locking. */
export const approveBlock = ({ raw }: Writer, block: LockingBlock): Promise<ApprovedBlock> =>
  raw.kind === 'sqlite' ? Promise.resolve(approveInSqlite(raw.db, block)) : approveInPostgres(raw.client, block);
