import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sharedSync } from '../../src/store/shared-sync.ts';
import { rawRows } from '../../src/store/store.ts';
import { makeSyncWal } from '../../src/store/sync-wal.ts';
import { describeStores } from '../stores.ts';

const lease = (name: string) => ({ name, claim: 1, leased_until: 0 });

describeStores('a write whose sync runs aside', (open) => {
  test('commits what resolves and rolls back what rejects, among others', async () => {
    const store = await open();
    const failing = store.writeAside(async ({ knex }) => {
      await knex('leases').insert(lease('lost'));
      throw new Error('no');
    });
    const names = Array.from({ length: 20 }, (_, n) => `kept-${n}`);
    const write = (name: string, n: number) =>
      store[n % 2 === 0 ? 'write' : 'writeAside'](({ knex }) => knex('leases').insert(lease(name)));
    await Promise.all([expect(failing).rejects.toThrow('no'), ...names.map(write)]);
    expect((await store.read('leases').pluck('name')).sort()).toEqual(names.toSorted());
  });

  test('leaves every other write to wait for the disk', async () => {
    const store = await open();
    if (store.kind === 'postgres') return;
    const level = async (write: 'write' | 'writeAside'): Promise<unknown> => {
      const [row] = await store[write](({ knex }) => rawRows(knex, 'pragma synchronous', []));
      return Number(row?.['synchronous']);
    };
    expect([await level('write'), await level('writeAside'), await level('write')]).toEqual([2, 1, 2]);
    const failed = store.writeAside(() => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect(await level('write')).toBe(2);
  });
});

test("a log that cannot be synced: nobody can tell whether it lasts, and the next one's is tried", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-wal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const sync = makeSyncWal(join(folder, 'none.db'));
  for (let n = 0; n < 2; n++)
    await expect(sync()).rejects.toMatchObject({ code: 'database-unreachable', next: 'retry' });
  expect(readdirSync(folder)).toEqual([]);
});

test('a shared sync begins after it was asked for, and one is good for all who asked before it began', async () => {
  const begun: (() => void)[] = [];
  const sync = sharedSync(() => new Promise<void>((resolve) => void begun.push(resolve)));
  const done: string[] = [];
  const ask = (name: string) => sync().then(() => done.push(name));
  const settled = async (): Promise<void> => {
    for (let n = 0; n < 5; n++) await new Promise(setImmediate);
  };
  const asked = [ask('a'), ask('b')];
  await settled();
  asked.push(ask('c'), ask('d'));
  await settled();
  expect([begun.length, done]).toEqual([1, []]);
  begun[0]?.();
  await settled();
  expect([begun.length, done]).toEqual([2, ['a', 'b']]);
  begun[1]?.();
  await Promise.all(asked);
  expect(done).toEqual(['a', 'b', 'c', 'd']);
  expect(begun).toHaveLength(2);
});
