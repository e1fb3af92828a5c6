import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeExpireBatchFiles } from '../../jobs/expire-batch-files.ts';
import type { JobContext } from '../../jobs/job.ts';
import { makeLanes, makeSlots } from '../../jobs/lanes.ts';
import { makeSweepSpool } from '../../jobs/sweep-spool.ts';
import { fixedClock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import { findBatches } from '../../src/outbound/feed/batches.ts';
import { prove } from '../../src/outbound/feed/prove.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import type { Store } from '../../src/store/store.ts';
import { addTransactions, due, makeContext, makeFeed } from '../feeds.ts';
import { describeStores } from '../stores.ts';

const day = 86_400_000;

const setUp = async (store: Store) => {
  const clock = fixedClock(due);
  const never = new AbortController().signal;
  const delivering = { drops: new Map(), openDrop: () => Promise.reject(new Error('not here')), random: Math.random };
  const watching = { channels: [], late: 1_800_000 };
  const jobs = {
    ...watching,
    feeds: [],
    keepBatchFiles: 90 * day,
    log: silentLog,
    ending: never,
    abandon: never,
    graceMs: 1,
  };
  const context: JobContext = { ...(await makeContext(store, clock)), ...delivering, ...jobs };
  await addTransactions(store, [{}, {}]);
  await runFeed(context, makeFeed({ drops: ['a', 'b'] }, { sidecar: 'sha256' }), { due, kind: 'schedule' });
  const setState = (drop: string, state: string) =>
    store.write(async ({ knex }) => void (await knex('deliveries').where({ drop_name: drop }).update({ state })));
  return {
    clock,
    context,
    setState,
    spooled: () => readdirSync(context.spool.folder).filter((name) => name !== 'notes'),
  };
};

describeStores('housekeeping', (open) => {
  test('the bytes of a batch go when they are old and every delivery is at its end; the proof still holds', async () => {
    const store = await open();
    const { clock, context, setState, spooled } = await setUp(store);
    const wake = () => makeExpireBatchFiles().run(context);
    expect(spooled()).toHaveLength(2);
    await setState('a', 'delivered');
    clock.advance(91 * day);
    await wake();
    expect(spooled()).toHaveLength(2); // one delivery is still pending
    await setState('b', 'settled');
    clock.set(due + 89 * day);
    await wake();
    expect(spooled()).toHaveLength(2); // not old enough
    clock.set(due + 91 * day);
    await wake();
    expect(spooled()).toEqual([]);
    expect(await findBatches(store.read)).toMatchObject([{ number: 1, rows: 2, expiredAt: due + 91 * day }]);
    expect((await prove(store, context.spool)).ok).toBe(true);
  });

  test('the sweep takes what nothing refers to and is older than a day', async () => {
    const store = await open();
    const { clock, context, spooled } = await setUp(store);
    const kept = spooled();
    const age = (name: string, at: number) => utimesSync(join(context.spool.folder, name), at / 1000, at / 1000);
    const halfWritten = `.${'a1'.repeat(16)}`;
    const [orphan, young] = ['b2'.repeat(16), 'c3'.repeat(16)];
    // Not ours, whatever the folder is used for besides: `spool: { folder: . }` once took the database away.
    const foreign = ['nightdrop.db', 'nightdrop.db-wal', 'acme_000001.csv', 'B2'.repeat(16), 'd4'.repeat(17)];
    for (const name of [halfWritten, orphan, young, ...foreign]) writeFileSync(join(context.spool.folder, name), 'x');
    for (const name of [...kept, ...foreign, halfWritten, orphan]) age(name, due - 2 * day);
    age(young, due - day / 2);
    const job = makeSweepSpool();
    await job.run(context);
    expect(spooled()).toEqual([...kept, ...foreign, young].sort());
    // Not at every wake-up, but every hour.
    age(young, due - 2 * day);
    await job.run(context);
    expect(spooled()).toContain(young);
    clock.advance(3_600_000);
    await job.run(context);
    expect(spooled()).toEqual([...kept, ...foreign].sort());
  });
});

test('lanes keep one piece of work for each key, and no more than there are lanes', async () => {
  const lanes = makeLanes(2);
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  expect([lanes.start('a', work), lanes.start('a', work), lanes.start('b', work), lanes.start('c', work)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  let idle = false;
  const waiting = lanes.idle().then(() => (idle = true));
  ends[0]?.();
  await new Promise(setImmediate);
  expect([idle, lanes.isFree('a'), lanes.start('c', work)]).toEqual([false, true, true]);
  for (const end of ends) end();
  await waiting;
  expect(lanes.isFree('b')).toBe(true);
});

test('slots are given in the order of ranks, and given back also after a failure', async () => {
  const slots = makeSlots(1);
  const order: number[] = [];
  const gate = Promise.withResolvers<void>();
  const first = slots.within(9, () => gate.promise.then(() => Promise.reject(new Error('failed'))));
  const others = [3, 1, 2].map((rank) => slots.within(rank, () => Promise.resolve(order.push(rank))));
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
});
