import knexModule, { type Knex } from 'knex';
import pg from 'pg';
import { Fault } from '../fault.ts';
import { migrateUnderLock } from './migrate.ts';
import { quiet } from './quiet.ts';
import type { Store, Writer } from './store.ts';
import { databaseTrouble } from './trouble.ts';

/** Names the session lock under which the schema is changed. */
const migrationLock = [20260, 2] as const;

const openKnex = (url: string): Knex =>
  knexModule({
    client: 'pg',
    connection: { connectionString: url, application_name: 'nightdrop' },
    pool: { min: 0, max: 8 },
    ...quiet,
  });

const unreachable = (url: string, error: unknown): unknown => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', '28P01', '28000', '3D000'].includes(code))
    return databaseTrouble(error) ?? error;
  return new Fault({
    operation: 'connect to PostgreSQL at',
    object: new URL(url).host,
    reason: error instanceof Error ? error.message : code,
    hint: 'check database.url in nightdrop.yaml, and that the server runs and knows this user and database',
    next: 'retry',
    code: 'database-unreachable',
    cause: error,
  });
};

const migrateAlone = async (url: string, db: Knex): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  // A lost connection also rejects the query under way; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1, $2)', [...migrationLock]);
    await migrateUnderLock(db);
  } catch (error) {
    throw unreachable(url, error);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** PostgreSQL tells the row or key that it refused beside its message; a log would write that down. */
const withoutValues = (error: unknown): unknown => {
  if (error instanceof pg.DatabaseError) Reflect.deleteProperty(error, 'detail');
  return error;
};

/** Connects, and brings the database to the newest schema. PostgreSQL 13 or newer. */
export const openPostgres = async (url: string): Promise<Store> => {
  const db = openKnex(url);
  await migrateAlone(url, db).catch(async (error: unknown) => {
    await db.destroy();
    throw error;
  });
  const inTransaction: Store['write'] = (work) =>
    db.transaction(async (trx) => {
      const client = await (trx.client as { acquireConnection(): Promise<pg.ClientBase> }).acquireConnection();
      const now = async () => {
        const { rows } = await client.query<{ ms: string }>(
          'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as ms',
        );
        return Number(rows[0]?.ms);
      };
      const writer: Writer = { knex: trx, raw: { kind: 'postgres', client }, now };
      return work(writer);
    });
  const write: Store['write'] = (work) =>
    inTransaction(work).catch((error: unknown) => Promise.reject(databaseTrouble(error) ?? withoutValues(error)));
  return {
    kind: 'postgres',
    address: { kind: 'postgres', url },
    read: db,
    write,
    writeAside: write,
    turn: (work) => work(),
    close: () => db.destroy(),
  };
};
