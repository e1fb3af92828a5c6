import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { describeStores, freshDatabase, type StoreKind } from '../stores.ts';
import { addDelivery, hostKey, newReceiver, setDeliveries, toldTo } from './stage.ts';

const program = fileURLToPath(new URL('watcher.ts', import.meta.url));

const watcher = (database: string, webhook: string, rounds: number): ChildProcess => {
  const child = spawn(process.execPath, [program, database, webhook, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
};

const ended = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
};

const openDatabase = async (kind: StoreKind): Promise<{ url: string; store: Store }> => {
  const { url, remove } = await freshDatabase(kind);
  const store = await openStore(url, '/');
  onTestFinished(async () => {
    await store.close();
    await remove();
  });
  return { url, store };
};

describeStores('several processes', (_open, kind) => {
  test('three at once tell each thing once', async () => {
    const { url, store } = await openDatabase(kind);
    const receiver = await newReceiver();
    for (let drop = 0; drop < 5; drop++) await addDelivery(store, { ...hostKey, drop_name: `drop-${drop}` });
    const first = await Promise.all([1, 2, 3].map(() => ended(watcher(url, receiver.url, 15))));
    expect(first).toEqual([0, 0, 0]);
    expect(toldTo(receiver).sort()).toEqual([0, 1, 2, 3, 4].map((drop) => `opened drop-${drop}: held (host-key)`));
    await setDeliveries(store, { state: 'settled' });
    await Promise.all([1, 2, 3].map(() => ended(watcher(url, receiver.url, 15))));
    expect(receiver.received).toHaveLength(10);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(10);
  });

  test('one that is killed between claim and answer leaves it to another, who sends it with the same id', async () => {
    const { url, store } = await openDatabase(kind);
    const receiver = await newReceiver();
    await addDelivery(store, hostKey);
    const child = watcher(url, receiver.url, 1000);
    receiver.answer(() => void child.kill('SIGKILL')); // it has been sent, and is never answered
    await ended(child);
    expect(child.signalCode).toBe('SIGKILL');
    receiver.answer((response) => void response.writeHead(204).end());
    await ended(watcher(url, receiver.url, 10));
    expect(receiver.received).toHaveLength(1); // still claimed by the one that was killed
    expect(await store.read('alert_notices')).toMatchObject([{ told_at: null }]);
    await store.write(({ knex }) => knex('alert_notices').update({ claimed_until: 1 })); // 40 seconds later
    await store.write(({ knex }) => knex('leases').update({ leased_until: 0 }));
    await ended(watcher(url, receiver.url, 10));
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});
