import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import { reached } from '../commit-point.ts';
import { Fault } from '../fault.ts';
import { int, type Store } from './store.ts';

export interface FenceOptions {
  /** How long to wait for database transactions that may still commit below the fence. Milliseconds. */
  patience: number;
  signal?: AbortSignal;
  /** Called once with the sessions that are waited for. */
  onWait?(sessions: string[]): void;
}

/**
 * The fence is the highest sequence of the journal below which every writer has finished. Finds it, then calls `open`,
 * which opens the snapshots to read from; never the other way round, and never in one database transaction. Everything
 * at or below the fence is visible to snapshots opened in `open`. No writer ever waits for it on PostgreSQL; on SQLite
 * writers wait while `open` runs (milliseconds), so that all snapshots are of one moment.
 *
 * Faults: `fence-waits` (retry) names the session that keeps a database transaction open; `fence-guard` (hold) when the
 * journal's sequence or trigger was changed so that the fence would no longer hold.
 */
export type OpenAtFence = (store: Store, open: () => Promise<void>, options: FenceOptions) => Promise<number>;

export const openAtFence: OpenAtFence = (store, open, options) =>
  store.kind === 'sqlite' ? openUnderWriteLock(store, open) : openBehindWriters(store, open, options);

/** SQLite has one writer, which we are while `open` runs, in this process and among all others. */
const openUnderWriteLock = (store: Store, open: () => Promise<void>): Promise<number> =>
  store.write(async ({ knex }) => {
    const fence = await lastSequenceSqlite(knex);
    reached('2 fenced');
    await open();
    return fence;
  });

/** The last sequence the journal has given out, committed or not; it never falls but by a restore. */
export const lastSequence = ({ kind, read }: Store): Promise<number> =>
  kind === 'sqlite' ? lastSequenceSqlite(read) : lastSequencePostgres(read);

const lastSequencePostgres = async (db: Knex): Promise<number> => {
  const { rows } = await db.raw<{ rows: { last: string }[] }>(
    'select case when is_called then last_value else 0 end as last from journal_sequence_seq',
  );
  return int(rows[0]?.last);
};

const lastSequenceSqlite = async (db: Knex): Promise<number> => {
  const row = await db('sqlite_sequence').where({ name: 'journal' }).first<{ seq: unknown } | undefined>('seq');
  return int(row?.seq ?? 0);
};

const openBehindWriters: OpenAtFence = async (store, open, options) => {
  const fence = await fenceOnPostgres(store.read, options);
  reached('2 fenced');
  await open();
  return fence;
};

/**
 * PostgreSQL hands sequence numbers out before commit. Each writer holds a shared advisory lock from before it draws a
 * number until its database transaction ends (migration 0001). So: read the last number S, then list the holders, then
 * wait until those have ended. Whoever draws a number ≤ S had the lock before, and is in the list or has ended.
 */
export const fenceOnPostgres = async (db: Knex, options: FenceOptions): Promise<number> => {
  await checkGuards(db);
  const fence = await lastSequencePostgres(db);
  await writersEnded(db, options);
  return fence;
};

const checkGuards = async (db: Knex): Promise<void> => {
  const { rows } = await db.raw<{ rows: { cache: string; enabled: string | null }[] }>(`
    select seqcache as cache,
      (select tgenabled from pg_trigger where tgrelid = 'journal'::regclass and tgname = 'journal_fence') as enabled
    from pg_sequence where seqrelid = 'journal_sequence_seq'::regclass`);
  const [guard] = rows;
  if (guard && int(guard.cache) === 1 && guard.enabled === 'A') return;
  throw new Fault({
    operation: 'find the fence of',
    object: 'the journal',
    reason: `its sequence or its trigger was changed (cache ${guard?.cache}, trigger ${guard?.enabled ?? 'missing'})`,
    hint: 'restore: alter sequence journal_sequence_seq cache 1; alter table journal enable always trigger journal_fence',
    next: 'hold',
    code: 'fence-guard',
  });
};

interface Holder {
  vxid: string;
  session: string;
}

/** A role without pg_read_all_stats sees of other sessions only the pid. */
const holdersSql = `
  select l.virtualtransaction as vxid,
    case when l.pid is null then 'a prepared transaction (select gid from pg_prepared_xacts)'
      else 'pid ' || l.pid || ' (' || concat_ws(', ', nullif(a.application_name, ''), 'user ' || a.usename, a.state,
        'open since ' || to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC') || ')' end as session
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.classid = 20260 and l.objid = 1 and l.objsubid = 2
    and l.database = (select oid from pg_database where datname = current_database())`;

const holders = async (db: Knex): Promise<Holder[]> => (await db.raw<{ rows: Holder[] }>(holdersSql)).rows;

const writersEnded = async (db: Knex, options: FenceOptions): Promise<void> => {
  const awaited = new Set((await holders(db)).map(({ vxid }) => vxid));
  for (let waited = 0, step = 2; awaited.size > 0; waited += step, step = Math.min(step * 2, 200)) {
    const now = await holders(db);
    // PREPARE TRANSACTION hands a session's lock to a holder of another name, so all of that kind are waited for.
    const still = now.filter(({ vxid }) => awaited.has(vxid) || vxid.startsWith('-1/'));
    for (const { vxid } of still) awaited.add(vxid);
    if (still.length === 0) return;
    const sessions = still.map(({ session }) => session);
    if (waited >= 1000 && waited - step < 1000) options.onWait?.(sessions);
    options.signal?.throwIfAborted();
    if (waited > options.patience) throw stillOpen(sessions);
    await pause(step);
  }
};

const stillOpen = (sessions: string[]): Fault =>
  new Fault({
    operation: 'find the fence of',
    object: 'the journal',
    reason: `a database transaction that writes to the journal is still open: ${sessions.join('; ')}`,
    hint: 'commit or end that session (select pg_terminate_backend(pid)), or roll the prepared one back; nothing is lost meanwhile',
    next: 'retry',
    code: 'fence-waits',
  });
