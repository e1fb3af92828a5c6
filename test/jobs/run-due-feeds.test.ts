import { expect, test } from 'vitest';
import { makeRunDueFeeds } from '../../jobs/run-due-feeds.ts';
import type { Job, JobContext } from '../../jobs/job.ts';
import { fixedClock } from '../../src/clock.ts';
import { makeLog } from '../../src/log.ts';
import type { Feed } from '../../src/outbound/feed/feed.ts';
import { findBatches } from '../../src/outbound/feed/batches.ts';
import { feedTroubles } from '../../src/outbound/feed/troubles.ts';
import { openAtFence } from '../../src/store/fence.ts';
import type { Store } from '../../src/store/store.ts';
import { acquire, release, renew } from '../../src/work/leases.ts';
import { claimOccurrence } from '../../src/work/occurrences.ts';
import { addTransactions, due, makeContext, makeFeed } from '../feeds.ts';
import { describeStores } from '../stores.ts';
import { until } from '../until.ts';

const hour = 3_600_000;

const setUp = async (store: Store, feeds: readonly Feed[]) => {
  const clock = fixedClock(due - 12 * hour);
  const lines: Record<string, unknown>[] = [];
  const log = makeLog('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const never = new AbortController().signal;
  const delivering = { drops: new Map(), openDrop: () => Promise.reject(new Error('not here')), random: Math.random };
  const context: JobContext = {
    ...(await makeContext(store, clock)),
    ...delivering,
    ...{ channels: [], late: 1_800_000, feeds, keepBatchFiles: 1, log, ending: never, abandon: never, graceMs: 1 },
  };
  const job: Job = makeRunDueFeeds();
  const wake = async () => {
    await job.run(context);
    await job.idle?.();
  };
  return { clock, context, job, lines, wake, said: () => lines.map(({ msg }) => msg) };
};

const occurrences = async (store: Store) =>
  ((await store.read('occurrences').orderBy('due')) as Record<string, unknown>[]).map(({ outcome }) => outcome);

describeStores('run-due-feeds', (open) => {
  test('a feed seen for the first time waits for its next due time, and runs once for it', async () => {
    const store = await open();
    const { clock, wake, said } = await setUp(store, [makeFeed()]);
    await addTransactions(store, [{}, {}]);
    await wake();
    expect(await findBatches(store.read)).toEqual([]);
    clock.set(due + 1000);
    await wake();
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ number: 1, rows: 2, occurrence: due }]);
    expect(said()).toEqual(['frozen']);
    expect(await occurrences(store)).toEqual(['frozen']);
  });

  test('after days of downtime one run holds it all, and the missed ones are recorded', async () => {
    const store = await open();
    const { clock, wake, said } = await setUp(store, [makeFeed()]);
    await wake();
    await addTransactions(store, [{}, {}, {}]);
    clock.set(due + 72 * hour + 1000);
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ number: 1, rows: 3, occurrence: due + 72 * hour }]);
    expect(await occurrences(store)).toEqual(['skipped', 'skipped', 'skipped', 'frozen']);
    expect(said()).toEqual(['missed runs are left out', 'frozen']);
  });

  test('with catchUp: skip nothing runs late; the next one holds it', async () => {
    const store = await open();
    const { clock, wake } = await setUp(store, [makeFeed({ catchUp: 'skip' })]);
    await wake();
    await addTransactions(store, [{}]);
    clock.set(due + hour);
    await wake();
    expect(await findBatches(store.read)).toEqual([]);
    clock.set(due + 24 * hour + 1000);
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ number: 1, rows: 1, occurrence: due + 24 * hour }]);
  });

  test('a feed that another run keeps busy beyond its grace is late, not missed', async () => {
    const store = await open();
    const { clock, wake, said } = await setUp(store, [makeFeed({ catchUp: 'skip' })]);
    await wake();
    await addTransactions(store, [{}]);
    const lease = await acquire(store, 'feed:acme-nightly', 'by hand', 20_000);
    if ('busy' in lease) throw new Error('busy');
    clock.set(due + 1000);
    await wake();
    clock.set(due + hour);
    expect(await renew(store, lease, 20_000)).toBe(true);
    await wake();
    expect(await findBatches(store.read)).toEqual([]);
    await release(store, lease);
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ number: 1, rows: 1, occurrence: due }]);
    expect(said()).toEqual(['frozen']);
  });

  test('feeds that wait for a free lane beyond their grace are late, not missed; who is due first goes first', async () => {
    const store = await open();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const feeds = names.map((name) => makeFeed({ name, catchUp: 'skip' }));
    const { clock, context, job, wake } = await setUp(store, feeds);
    await wake();
    await addTransactions(store, [{}]);
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    context.openAtFence = async (...args) => {
      waiting++;
      await gate.promise;
      return openAtFence(...args);
    };
    clock.set(due + 1000);
    await job.run(context);
    await until(() => waiting === 4, 'four wait');
    clock.set(due + hour);
    await job.run(context);
    gate.resolve();
    await wake();
    await wake();
    const frozen = (await findBatches(store.read)).map(({ feed, occurrence }) => ({ feed, occurrence }));
    expect(frozen.map(({ feed }) => feed).sort()).toEqual(names);
    expect(frozen.every(({ occurrence }) => occurrence === due)).toBe(true);
    expect(await occurrences(store)).toEqual(names.map(() => 'frozen'));
  });

  test('a feed that waits for a free lane in one process is not missed for another that starts', async () => {
    const store = await open();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { clock, context, job, wake } = await setUp(
      store,
      names.map((name) => makeFeed({ name, catchUp: 'skip' })),
    );
    await wake();
    await addTransactions(store, [{}]);
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    context.openAtFence = async (...args) => {
      waiting++;
      await gate.promise;
      return openAtFence(...args);
    };
    clock.set(due + 1000);
    await job.run(context);
    await until(
      async () => waiting === 4 && (await occurrences(store)).length === names.length,
      'four wait, all have begun',
    );
    clock.set(due + hour);
    const other = makeRunDueFeeds();
    await other.run({ ...context, holder: 'another process', feeds: context.feeds.slice(4), openAtFence });
    await other.idle?.();
    gate.resolve();
    await wake();
    const frozen = await findBatches(store.read);
    expect(frozen.map(({ feed }) => feed).sort()).toEqual(names);
    expect(frozen.every(({ occurrence }) => occurrence === due)).toBe(true);
    expect(await occurrences(store)).toEqual(names.map(() => 'frozen'));
  });

  test('a feed that waits for its first fence delays no other', async () => {
    const store = await open();
    const { clock, context, job, wake } = await setUp(store, [makeFeed()]);
    await wake();
    await addTransactions(store, [{}]);
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    const hold: typeof openAtFence = async (...args) => {
      waiting++;
      await gate.promise;
      return openAtFence(...args);
    };
    const starting = ['1', '2', '3', '4', '5'].map((name) => makeFeed({ name, startAt: 'now' }));
    // Only the feeds that begin come to the gate: they alone open no snapshot at the fence.
    context.openAtFence = (...args) => (waiting < starting.length ? hold(...args) : openAtFence(...args));
    clock.set(due - 1000);
    context.feeds = [...starting, makeFeed()];
    await job.run(context);
    await until(() => waiting === starting.length, 'all that were started wait');
    clock.set(due + 1000);
    await until(async () => {
      await job.run(context); // as the clock would, again and again: the look before may still be under way
      return (await findBatches(store.read)).length === 1;
    }, 'the one that was left out is run');
    gate.resolve();
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ feed: 'acme-nightly', occurrence: due }]);
  });

  test('finishes what a killed process had claimed, though nothing new is due', async () => {
    const store = await open();
    const { clock, wake } = await setUp(store, [makeFeed()]);
    await wake();
    await addTransactions(store, [{}]);
    clock.set(due + 1000);
    const lease = await acquire(store, 'feed:acme-nightly', 'killed', 1000);
    if ('busy' in lease) throw new Error('busy');
    const claimed = { feed: 'acme-nightly', due, kind: 'schedule', claim: lease.claim } as const;
    await store.write((writer) => claimOccurrence(writer, claimed));
    await wake();
    expect(await findBatches(store.read)).toEqual([]);
    await release(store, lease);
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ number: 1, rows: 1, occurrence: due }]);
    expect(await occurrences(store)).toEqual(['frozen']);
  });

  test('a feed that fails is told once, rests, and keeps no other waiting', async () => {
    const store = await open();
    const wrong = makeFeed({ name: 'wrong', partner: 'acme' });
    const { clock, context, wake, lines } = await setUp(store, [wrong, makeFeed()]);
    await wake();
    await addTransactions(store, [{}]);
    clock.set(due + 1000);
    context.feeds = [{ ...wrong, include: 'changes' }, makeFeed()];
    await wake();
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ feed: 'acme-nightly', number: 1 }]);
    const errors = () => lines.filter(({ level }) => level === 'error');
    expect(errors()).toMatchObject([{ code: 'feed-history', object: 'wrong' }]);
    clock.advance(31_000);
    await wake();
    expect(errors()).toHaveLength(2);
    context.feeds = [wrong];
    clock.advance(31_000);
    await wake();
    expect(await findBatches(store.read, { feed: 'wrong' })).toMatchObject([{ number: 1, rows: 1, occurrence: due }]);
  });

  test('after a restart, trouble with looking is over at the first good look, and trouble of a run is not', async () => {
    const store = await open();
    const { clock, context, wake } = await setUp(store, [makeFeed({ startAt: 'now' })]);
    const troubles = async () => (await feedTroubles(store.read)).map(({ code }) => code);
    const restart = async () => {
      const job = makeRunDueFeeds();
      await job.run(context);
      await job.idle?.();
    };
    const noFence = () => Promise.reject(new Error('no fence'));
    context.openAtFence = noFence; // the feed cannot begin
    await wake();
    expect(await troubles()).toEqual(['unforeseen']);
    context.openAtFence = openAtFence;
    await restart();
    expect(await troubles()).toEqual([]);

    await addTransactions(store, [{}]);
    clock.set(due + 1000);
    context.openAtFence = noFence;
    await restart();
    expect(await troubles()).toEqual(['unforeseen']);
    context.ending = AbortSignal.abort(); // it is looked at, and not run
    await restart();
    expect(await troubles()).toEqual(['unforeseen']);
  });

  test('a retired feed never runs, and nothing is begun while the process ends', async () => {
    const store = await open();
    const { clock, context, wake } = await setUp(store, [makeFeed({ name: 'old', retired: true }), makeFeed()]);
    await wake();
    await addTransactions(store, [{}]);
    clock.set(due + 1000);
    context.ending = AbortSignal.abort();
    await wake();
    expect(await findBatches(store.read)).toEqual([]);
    context.ending = new AbortController().signal;
    await wake();
    expect(await findBatches(store.read)).toMatchObject([{ feed: 'acme-nightly' }]);
  });
});
