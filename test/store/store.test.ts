import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { int } from '../../src/store/store.ts';
import { describeStores, freshDatabase } from '../stores.ts';

const lease = (name: string) => ({ name, claim: 1, leased_until: 0 });

describeStores('store', (open) => {
  test('commits what resolves and rolls back what rejects', async () => {
    const store = await open();
    await store.write(({ knex }) => knex('leases').insert(lease('kept')));
    const failing = store.write(async ({ knex }) => {
      await knex('leases').insert(lease('lost'));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.read('leases').pluck('name')).toEqual(['kept']);
  });

  test('a read never sees a write that is not committed', async () => {
    const store = await open();
    await store.write(async ({ knex }) => {
      await knex('leases').insert(lease('a'));
      expect(await store.read('leases').pluck('name')).toEqual([]);
    });
  });

  test('concurrent writes all land', async () => {
    const store = await open();
    const names = Array.from({ length: 40 }, () => randomUUID());
    await Promise.all(names.map((name) => store.write(({ knex }) => knex('leases').insert(lease(name)))));
    expect((await store.read('leases').pluck('name')).sort()).toEqual(names.sort());
  });

  test('a turn is taken in order of asking; on SQLite the writers behind it wait', async () => {
    const store = await open();
    const order: string[] = [];
    let end: (() => void) | undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    const turn = store.turn(() => over.then(() => void order.push('turn')));
    const write = store.write(() => Promise.resolve(void order.push('write')));
    if (store.kind === 'postgres') await write;
    end?.();
    await Promise.all([turn, write]);
    expect(order).toEqual(store.kind === 'sqlite' ? ['turn', 'write'] : ['write', 'turn']);
    await expect(store.turn(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await store.write(() => Promise.resolve());
  });

  test('integers beyond 2^53 are refused rather than rounded', async () => {
    const store = await open();
    await store.write(({ knex }) => knex('leases').insert({ name: 'big', claim: '9007199254740993', leased_until: 0 }));
    const [row] = await store.read('leases').select<{ claim: unknown }[]>('claim');
    expect(String(row?.claim)).toBe('9007199254740993');
    expect(() => int(row?.claim)).toThrow('not an exact integer');
  });

  test('a created entry of the journal draws its own sequence', async () => {
    const store = await open();
    expect(int(await store.write(async ({ now }) => now()))).toBeGreaterThan(0);
  });

  test('opening the same database again migrates nothing and loses nothing', async () => {
    const store = await open();
    await store.write(({ knex }) => knex('leases').insert(lease('kept')));
    const { address } = store;
    const url = address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url;
    const again = await openStore(url, '/');
    expect(await again.read('leases').pluck('name')).toEqual(['kept']);
    await again.close();
  });
});

test('a migration that was killed is taken up again', async () => {
  const { url, remove } = await freshDatabase('sqlite');
  const store = await openStore(url, '/');
  await store.close();
  const raw = new Database(url.slice('sqlite:'.length));
  raw.exec("delete from knex_migrations where name = '0002-outbound'");
  for (const table of ['attempts', 'deliveries', 'companions', 'batches', 'occurrences', 'leases', 'feeds']) {
    raw.exec(`drop table ${table}`);
  }
  raw.exec('update knex_migrations_lock set is_locked = 1');
  raw.close();
  const again = await openStore(url, '/');
  expect(await again.read('feeds').select()).toEqual([]);
  await again.close();
  await remove();
});

test('waits for another process that holds the lock, without blocking the event loop', async () => {
  const { url, remove } = await freshDatabase('sqlite');
  const store = await openStore(url, '/');
  const blocking = await store.write(({ raw }) =>
    Promise.resolve(raw.kind === 'sqlite' && raw.db.pragma('busy_timeout', { simple: true })),
  );
  expect(int(blocking)).toBe(0);
  const other = new Database(url.slice('sqlite:'.length));
  other.exec('BEGIN IMMEDIATE');
  let turns = 0;
  const turning = setInterval(() => {
    if (++turns === 5) other.exec('COMMIT');
  }, 10);
  await store.write(({ knex }) => knex('leases').insert(lease('after')));
  clearInterval(turning);
  expect(turns).toBeGreaterThanOrEqual(5);
  other.close();
  await store.close();
  await remove();
});

test('a database that cannot be opened says so', async () => {
  await expect(openStore('sqlite:/proc/nightdrop.db', '/')).rejects.toMatchObject({ name: 'Fault' });
  await expect(openStore('postgres://nobody@127.0.0.1:1/none', '/')).rejects.toMatchObject({
    code: 'database-unreachable',
    next: 'retry',
  });
});
