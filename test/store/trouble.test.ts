import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import pg from 'pg';
import { openStore } from '../../src/store/open-store.ts';
import { databaseTrouble } from '../../src/store/trouble.ts';
import { describeStores } from '../stores.ts';
import { until } from '../until.ts';

test('what passes is told from what does not', () => {
  const error = (code: string, message = 'x') => Object.assign(new Error(message), { code });
  const passing: Record<string, string[]> = {
    'database-unreachable': ['57P01', '57P03', '08006', 'ECONNREFUSED', 'ECONNRESET'],
    'database-busy': ['53300', '40001', '40P01', '55P03', '57014'],
    'database-locked': ['SQLITE_BUSY_SNAPSHOT'],
    'database-failed': ['SQLITE_IOERR_READ'],
  };
  for (const [code, causes] of Object.entries(passing))
    for (const cause of causes) expect(databaseTrouble(error(cause)), cause).toMatchObject({ next: 'retry', code });
  const full = new Error('Knex: Timeout acquiring a connection. The pool is probably full.');
  expect(databaseTrouble(full)).toMatchObject({ code: 'database-busy' });
  const known = databaseTrouble(error('57P01'));
  expect(databaseTrouble(known)).toBe(known);
  for (const code of ['23505', '42P01', 'ENOENT', 'SQLITE_CONSTRAINT'])
    expect(databaseTrouble(error(code)), code).toBeUndefined();
  expect(databaseTrouble(new Error('Connection terminated unexpectedly'))).toMatchObject({
    code: 'database-unreachable',
  });
  expect(databaseTrouble(new Error('host key'))).toBeUndefined();
});

describeStores('an error of the database', (open, kind) => {
  test('holds no bound value, which may be personal', async () => {
    const store = await open();
    const lease = { name: 'ann@example.com', claim: 1, leased_until: 0 };
    const twice = store.write(({ knex }) => knex('leases').insert([lease, lease]));
    const error = await twice.catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/unique|duplicate/i);
    // With all that a log writes of an error.
    expect(inspect(error, { depth: 9 })).not.toContain('ann@example.com');
  });

  if (kind === 'sqlite') return;
  test('that ended our session is tried again', async () => {
    const store = await open();
    if (store.address.kind !== 'postgres') throw new Error('not PostgreSQL');
    const killer = new pg.Client({ connectionString: store.address.url });
    await killer.connect();
    const killed = store.write(async ({ raw }) => {
      if (raw.kind !== 'postgres') throw new Error('not PostgreSQL');
      const { rows } = await raw.client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await killer.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await raw.client.query('select 1');
    });
    await expect(killed).rejects.toMatchObject({ code: 'database-unreachable', next: 'retry' });
    await killer.end();
    expect(await store.write(({ now }) => now())).toBeGreaterThan(0);
  });

  test('that ended the session which keeps others from migrating ends no process', async () => {
    const { address } = await open();
    if (address.kind !== 'postgres') throw new Error('not PostgreSQL');
    const other = new pg.Client({ connectionString: address.url });
    await other.connect();
    const has = async (sql: string) => ((await other.query(sql)).rowCount ?? 0) > 0;
    await other.query('begin');
    await other.query('lock table knex_migrations in access exclusive mode');
    const opening = openStore(address.url, '/');
    opening.catch(() => undefined);
    const here = 'database = (select oid from pg_database where datname = current_database())';
    await until(() => has(`select 1 from pg_locks where not granted and ${here}`), 'it looks at the migrations');
    const keeping = `from pg_locks where locktype = 'advisory' and ${here}`;
    await other.query(`select pg_terminate_backend(pid) ${keeping}`);
    await until(async () => !(await has(`select 1 ${keeping}`)), 'that session is gone');
    await other.query('commit');
    await (await opening).close();
    await other.end();
  });
});
