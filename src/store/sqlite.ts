import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import knexModule, { type Knex } from 'knex';
import { type Clock, systemClock } from '../clock.ts';
import { Fault } from '../fault.ts';
import { makeGate } from './gate.ts';
import { migrateUnderLock } from './migrate.ts';
import { quiet } from './quiet.ts';
import type { Store, Writer } from './store.ts';
import { makeSyncWal, withoutSync } from './sync-wal.ts';
import { databaseTrouble } from './trouble.ts';

/** How long a write waits for another process (the CLI beside the service) before it gives up. */
const lockPatienceMs = 30_000;

const openKnex = (file: string, readonly: boolean): Knex =>
  knexModule({
    client: 'better-sqlite3',
    connection: {
      filename: file,
      options: { safeIntegers: true, readonly },
    } as Knex.Sqlite3ConnectionConfig,
    useNullAsDefault: true,
    ...quiet,
    pool: {
      min: 1,
      max: 1,
      afterCreate: (raw: Database.Database, done: (error: unknown, raw: unknown) => void) => {
        raw.defaultSafeIntegers(true);
        raw.pragma('foreign_keys = on');
        if (!readonly) raw.pragma('synchronous = full');
        if (!readonly) raw.pragma('journal_size_limit = 67108864'); // after a long reader the WAL file shrinks again
        if (!readonly) raw.pragma('busy_timeout = 0'); // see beginPatiently: knex does not pass a timeout on
        done(null, raw);
      },
    },
  });

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');

/** SQLite's own codes in our words; anything else passes through. */
const explain = (error: unknown, file: string): unknown => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const make = (reason: string, hint: string, next: 'retry' | 'hold', word: string) =>
    new Fault({ operation: 'write to the database', object: file, reason, hint, next, code: word, cause: error });
  if (isBusy(error)) {
    return make(
      'another process holds its lock',
      'find the process that keeps it open and end it',
      'retry',
      'database-locked',
    );
  }
  if (code === 'SQLITE_FULL')
    return make('the disk is full', 'free some space; nothing was lost', 'retry', 'disk-full');
  if (code === 'SQLITE_READONLY' || code.startsWith('SQLITE_READONLY_')) {
    return make('it is read-only', 'make the file and its folder writable', 'hold', 'read-only');
  }
  if (code === 'SQLITE_CANTOPEN')
    return make('it cannot be opened', 'check that the folder exists and is writable', 'hold', 'cannot-open');
  return databaseTrouble(error) ?? error;
};

/** BEGIN IMMEDIATE without SQLite's blocking busy handler: other processes are waited for on the event loop. */
const beginPatiently = async (raw: Database.Database): Promise<void> => {
  for (let waited = 0, step = 1; ; waited += step, step = Math.min(step * 2, 50)) {
    try {
      raw.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error) || waited > lockPatienceMs) throw error;
    }
    await pause(step);
  }
};

const rawOf = async (db: Knex): Promise<Database.Database> => {
  const client = db.client as {
    acquireConnection(): Promise<Database.Database>;
    releaseConnection(c: unknown): Promise<void>;
  };
  const raw = await client.acquireConnection();
  await client.releaseConnection(raw);
  return raw;
};

/** Makes the file (and its folder) when missing, in WAL mode, and brings it to the newest schema. */
export const openSqlite = async (file: string, clock: Clock = systemClock): Promise<Store> => {
  await prepareFile(file);
  const writing = openKnex(file, false);
  const reading = openKnex(file, true);
  const raw = await rawOf(writing);
  const gate = makeGate();
  const writer: Writer = { knex: writing, raw: { kind: 'sqlite', db: raw }, now: () => Promise.resolve(clock.now()) };
  const writeOnce = async <T>(work: (writer: Writer) => Promise<T>): Promise<T> => {
    await beginPatiently(raw);
    try {
      const result = await work(writer);
      raw.exec('COMMIT');
      return result;
    } finally {
      if (raw.inTransaction) raw.exec('ROLLBACK');
    }
  };
  const syncWal = makeSyncWal(file);
  const explained = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => Promise.reject(explain(error, file)));
  return {
    kind: 'sqlite',
    address: { kind: 'sqlite', file },
    read: reading,
    write: (work) => gate(() => explained(writeOnce(work))),
    writeAside: async (work) => {
      const result = await gate(() => explained(withoutSync(raw, () => writeOnce(work))));
      await syncWal();
      return result;
    },
    turn: gate,
    close: async () => {
      await gate(() => Promise.resolve());
      await Promise.all([reading.destroy(), writing.destroy()]);
    },
  };
};

const prepareFile = async (file: string): Promise<void> => {
  let lock: Database.Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    lock = new Database(`${file}.migrating`, { timeout: lockPatienceMs });
    lock.exec('BEGIN EXCLUSIVE');
    const db = openKnex(file, false);
    try {
      await db.raw('pragma journal_mode = wal');
      await migrateUnderLock(db);
    } finally {
      await db.destroy();
    }
  } catch (error) {
    throw explain(error, file);
  } finally {
    lock?.close();
  }
};
