import type BetterSqlite3 from 'better-sqlite3';
import type { Knex } from 'knex';
import type pg from 'pg';

/**
 * One open database transaction for writing. `knex` is for control tables; `raw` is the driver's own connection, inside
 * the same database transaction, for hot paths.
 */
export interface Writer {
  knex: Knex;
  raw: { kind: 'sqlite'; db: BetterSqlite3.Database } | { kind: 'postgres'; client: pg.ClientBase };
  /** "Now" for leases: the database's clock on PostgreSQL, the process's on SQLite. Milliseconds. */
  now(): Promise<number>;
}

/** How another thread opens the same database for reading. Plain data, so that it can be sent to a worker. */
export type StoreAddress = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string };

/** The database: SQLite in a file, or PostgreSQL. What differs between them stays in this room. */
export interface Store {
  kind: 'sqlite' | 'postgres';
  address: StoreAddress;
  /** For single reads outside a database transaction. Never written through. Integers come as numbers (safe ones only). */
  read: Knex;
  /**
   * Runs `work` in one database transaction: commits when it resolves, rolls back when it rejects. On SQLite all writes
   * of the process pass one gate, so keep it short (≤ 250 ms) and do nothing slow inside. Not re-entrant.
   * Throws Fault (retry) `database-locked` when another process keeps the lock, `disk-full` when it cannot grow,
   * `database-unreachable`, `database-busy` or `database-failed` for what passes.
   */
  write<T>(work: (writer: Writer) => Promise<T>): Promise<T>;
  /**
   * As `write`, for many small writes whose thread must not stand still: on SQLite the sync of the disk runs beside the
   * thread, and those that commit meanwhile share the next one. It resolves when the commit lasts, as `write` does; others
   * may see it some milliseconds before. Where the sync fails nobody can tell whether it lasts: `database-unreachable`.
   */
  writeAside<T>(work: (writer: Writer) => Promise<T>): Promise<T>;
  /**
   * Runs `work` while nobody else in this process writes through this store, without a database transaction: so a thread
   * with a connection of its own takes its turn among the others, in order of asking, instead of fighting for SQLite's
   * lock. On PostgreSQL nobody waits for anybody, and it just runs.
   */
  turn<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A database integer (number, bigint or decimal text, by driver) as a number. Throws beyond 2^53. */
export const int = (value: unknown): number => {
  const read = typeof value === 'number' ? value : Number(value);
  if (!Number.isSafeInteger(read)) throw new Error(`not an exact integer: ${String(value)}`);
  return read;
};

/** As `int`, and null stays null. */
export const intOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : int(value));

/** A database integer of any size. */
export const big = (value: unknown): bigint => BigInt(value as bigint | number | string);

/** The rows of `db.raw(…)`, which each driver wraps in its own way. */
export const rawRows = async (db: Knex, sql: string, parameters: readonly (string | number)[]): Promise<Row[]> => {
  const answer: unknown = await db.raw(sql, [...parameters]);
  return (Array.isArray(answer) ? answer : (answer as { rows: unknown[] }).rows) as Row[];
};

/** A row of a control table as the driver gives it; read it with `int`, `String` and their like. */
export type Row = Record<string, unknown>;

/** The highest sequence of the journal that can be seen now; 0 while it is empty. */
export const newestSequence = async (db: Knex): Promise<number> => {
  const row = (await db('journal').max({ newest: 'sequence' }).first()) as Row | undefined;
  return int(row?.['newest'] ?? 0);
};
