import { expect, test } from 'vitest';
import { makeRunDueFeeds } from '../../jobs/run-due-feeds.ts';
import { placeOf, type DropSpec } from '../../src/drop/drop.ts';
import { Fault } from '../../src/fault.ts';
import { release, settle } from '../../src/outbound/delivery/actions.ts';
import { findDeliveries } from '../../src/outbound/delivery/deliveries.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { openAtFence } from '../../src/store/fence.ts';
import type { Store } from '../../src/store/store.ts';
import { addTransactions, due, makeFeed } from '../feeds.ts';
import { describeStores } from '../stores.ts';
import { addDelivery, channelTo, hostKey, makeStage, minute, newReceiver, setDeliveries, toldTo } from './stage.ts';
import { until } from '../until.ts';

const hour = 60 * minute;

describeStores('alerts', (open) => {
  const one = async (store: Store, changes = {}) => {
    const receiver = await newReceiver();
    return { receiver, ...(await makeStage(store, [channelTo(receiver)], changes)) };
  };

  test('thirty held nights are one alert, told once, with one end', async () => {
    const store = await open();
    const { receiver, wake, alerts } = await one(store);
    for (let night = 0; night < 30; night++) {
      await addDelivery(store, { ...hostKey, ordering: 'free' });
      await wake();
    }
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)']);
    expect((await alerts())[0]?.text).toContain('30 deliveries are held for this.');
    await setDeliveries(store, { state: 'delivered', delivered_at: due });
    for (let round = 0; round < 5; round++) await wake();
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)', 'ended acme-sftp: held (host-key)']);
    expect(await alerts(false)).toEqual([]);
    expect(await alerts()).toMatchObject([
      {
        kind: 'held',
        endedAt: expect.any(String),
        told: [{ openedTold: expect.any(String), endedTold: expect.any(String), error: null }],
      },
    ]);
  });

  test('an unusual batch is one alert for all its drops, told once, until all of them are released', async () => {
    const store = await open();
    const feeds = [makeFeed({ drops: ['one', 'two'], hold: { rowsOver: 1 } })];
    const { receiver, context, wake } = await one(store, { feeds });
    await addTransactions(store, [{}, {}]);
    await runFeed(context, feeds[0]!, { due, kind: 'schedule' });
    for (let round = 0; round < 3; round++) await wake();
    expect(toldTo(receiver)).toEqual(['opened acme-nightly: held (unusual)']);
    const ids = (await findDeliveries(store.read)).map(({ id }) => id);
    await release(store, ids[0]!);
    await wake();
    expect(toldTo(receiver)).toHaveLength(1);
    await release(store, ids[1]!);
    await wake();
    expect(toldTo(receiver)).toEqual(['opened acme-nightly: held (unusual)', 'ended acme-nightly: held (unusual)']);
  });

  test('a release and a settle end it, each in its way', async () => {
    const store = await open();
    const { receiver, wake } = await one(store);
    const first = await addDelivery(store, hostKey);
    const second = await addDelivery(store, { ...hostKey, error_code: 'taken', feed: 'b' });
    await wake();
    expect(toldTo(receiver)).toHaveLength(2);
    await release(store, first);
    await settle(store, second, 'sent by mail');
    await wake();
    expect(toldTo(receiver).slice(2).sort()).toEqual([
      'ended acme-sftp: held (host-key)',
      'ended acme-sftp: held (taken)',
    ]);
  });

  test('a cause that comes and goes is told as open, ended, open, and then once more when it is over', async () => {
    const store = await open();
    const { receiver, wake, alerts } = await one(store);
    const id = await addDelivery(store, hostKey);
    for (let round = 0; round < 14; round++) {
      await setDeliveries(store, { state: round % 2 === 0 ? 'held' : 'pending' }, { id });
      await wake();
    }
    const subject = 'acme-sftp: held (host-key)';
    expect(toldTo(receiver)).toEqual([`opened ${subject}`, `ended ${subject}`, `opened ${subject}`]);
    expect(await alerts()).toHaveLength(1);
    await setDeliveries(store, { state: 'settled', settled_reason: 'x' }, { id });
    for (let round = 0; round < 25; round++) await wake();
    expect(toldTo(receiver).slice(3)).toEqual([`ended ${subject}`]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(4);
    await setDeliveries(store, { state: 'held' }, { id });
    await wake();
    expect(await alerts()).toHaveLength(2); // long after the end: a new one
  });

  test('a channel that fails is tried again with the same id, ever more seldom, and keeps no other waiting', async () => {
    const store = await open();
    const broken = await newReceiver();
    const good = await newReceiver();
    broken.answer((response) => void response.writeHead(500).end());
    const { wake, alerts } = await makeStage(store, [channelTo(broken), channelTo(good)]);
    await addDelivery(store, hostKey);
    for (let round = 0; round < 30; round++) await wake(minute);
    expect(good.received).toHaveLength(1);
    // In half an hour: 10, 20, 40 … seconds apart, each at the wake-up that follows.
    expect(broken.received.length).toBeGreaterThan(4);
    expect(broken.received.length).toBeLessThan(10);
    const { told } = (await alerts())[0] ?? { told: [] };
    expect(told.map(({ error }) => error).sort()).toEqual(['it answered HTTP 500', null]);
    broken.answer((response) => void response.writeHead(204).end());
    await wake(2 * hour);
    await wake();
    expect(new Set(broken.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await alerts())[0]?.told.every(({ error, openedTold }) => error === null && openedTold !== null)).toBe(
      true,
    );
  });

  test('one that ended while the channel was away is told by its end alone', async () => {
    const store = await open();
    const { receiver, wake } = await one(store);
    receiver.answer((response) => void response.writeHead(503).end());
    await addDelivery(store, hostKey);
    await wake();
    await setDeliveries(store, { state: 'settled' });
    await wake(5_000);
    receiver.answer((response) => void response.writeHead(204).end());
    await wake(2 * hour);
    await wake(2 * hour);
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)', 'ended acme-sftp: held (host-key)']);
    expect(receiver.received[1]?.body).toContain('"openedAt":"2026-11-21T15:00:30.000Z"');
  });

  test('a silent channel keeps neither the job nor another channel; told to stop, the try is broken off and given back', async () => {
    const store = await open();
    const silent = await newReceiver();
    const good = await newReceiver();
    silent.answer(() => undefined);
    const { job, context, ending, clock, alerts } = await makeStage(store, [channelTo(silent), channelTo(good)]);
    const told = async () => (await alerts())[0]?.told.filter(({ openedTold }) => openedTold !== null).length;
    await addDelivery(store, hostKey);
    await job.run(context);
    await until(async () => silent.received.length === 1 && (await told()) === 1, 'one is told');
    clock.advance(30_000);
    await job.run(context); // the silent one is still being told
    expect(silent.received).toHaveLength(1);
    ending.abort();
    await job.idle?.();
    silent.answer((response) => void response.writeHead(204).end());
    const next = await makeStage(store, [channelTo(silent), channelTo(good)]);
    next.clock.set(clock.now());
    await next.wake();
    expect(silent.received.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(2).fill(good.received[0]?.headers['webhook-id']),
    );
    expect(good.received).toHaveLength(1);
  });

  test('a new channel hears what is open, one that was taken away hears no more', async () => {
    const store = await open();
    const { receiver, wake, context } = await one(store);
    await addDelivery(store, hostKey);
    await wake();
    const added = await newReceiver();
    context.channels = [channelTo(added)];
    await setDeliveries(store, { error: 'another' });
    await wake();
    await setDeliveries(store, { state: 'settled' });
    await wake();
    expect(toldTo(added)).toEqual(['opened acme-sftp: held (host-key)', 'ended acme-sftp: held (host-key)']);
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)']);
  });

  test('an ended alert is kept for a year', async () => {
    const store = await open();
    const { wake, alerts } = await one(store);
    const [first, second] = [
      await addDelivery(store, hostKey),
      await addDelivery(store, { ...hostKey, drop_name: 'b' }),
    ];
    await wake();
    await setDeliveries(store, { state: 'settled' }, { id: first });
    await wake();
    await wake(364 * 24 * hour);
    expect(await alerts()).toHaveLength(2);
    await wake(2 * 24 * hour);
    await setDeliveries(store, { state: 'settled' }, { id: second });
    await wake();
    expect(await alerts()).toMatchObject([{ subject: 'b: held (host-key)', told: [{ error: null }] }]);
    expect(await store.read('alert_notices')).toHaveLength(1);
  });

  test('without channels there are alerts all the same, and the log says them', async () => {
    const store = await open();
    const { wake, alerts, lines } = await makeStage(store, []);
    await addDelivery(store, hostKey);
    await wake();
    await wake();
    expect(await alerts(false)).toMatchObject([{ kind: 'held', told: [] }]);
    expect(lines.filter(({ msg }) => msg === 'alert')).toHaveLength(1);
  });

  test('no secret and no personal data: an error is passed on as one line of bounded length', async () => {
    const store = await open();
    const { receiver, wake, lines } = await one(store);
    await addDelivery(store, { ...hostKey, error: `a\r\nb\u0001${'x'.repeat(5000)}` });
    receiver.answer((response) => void response.writeHead(500).end());
    await wake();
    expect(JSON.stringify(lines)).not.toContain('planted-token');
    const { data } = JSON.parse(receiver.received[0]?.body ?? '') as { data: { text: string } };
    expect(data.text).toHaveLength(601);
    expect(data.text).toContain('is held: a b x');
  });
});

describeStores('late and lying', (open) => {
  const late = { seconds: 31 * minute };

  test('a feed that nobody runs is late, until it has run', async () => {
    const store = await open();
    const receiver = await newReceiver();
    const feed = makeFeed({ drops: [] });
    const { wake, clock, context } = await makeStage(store, [channelTo(receiver)], { feeds: [feed] });
    const runFeeds = async () => {
      const job = makeRunDueFeeds();
      await job.run(context);
      await job.idle?.();
    };
    clock.set(due - 12 * hour);
    await addTransactions(store, [{}]);
    await runFeeds(); // from now on the schedule counts
    clock.set(due);
    await wake(late.seconds);
    expect(toldTo(receiver)).toEqual(['opened acme-nightly: the file is late']);
    await runFeeds();
    await wake();
    expect(toldTo(receiver)).toEqual(['opened acme-nightly: the file is late', 'ended acme-nightly: the file is late']);
  });

  test('a feed that cannot run is told at once with the reason, until it runs again; one that waits when it is late', async () => {
    const store = await open();
    const receiver = await newReceiver();
    const { wake, clock, context } = await makeStage(store, [channelTo(receiver)], { feeds: [makeFeed()] });
    const job = makeRunDueFeeds();
    const runFeeds = async () => {
      await job.run(context);
      await job.idle?.();
    };
    clock.set(due - 12 * hour);
    await addTransactions(store, [{}]);
    await runFeeds();
    clock.set(due + 1000);
    const fault = { operation: 'fence', object: 'the journal', reason: 'the trigger is off', hint: 'switch it on' };
    const failing = (next: 'hold' | 'retry') => () =>
      Promise.reject(new Fault({ ...fault, next, code: 'fence-guard' }));
    context.openAtFence = failing('retry');
    await runFeeds();
    await wake();
    expect(toldTo(receiver)).toEqual([]);
    await wake(late.seconds);
    expect(receiver.received[0]?.body).toContain('the trigger is off');
    context.openAtFence = failing('hold');
    await runFeeds();
    await wake();
    expect(toldTo(receiver).slice(1).sort()).toEqual([
      'ended acme-nightly: the file is late',
      'opened acme-nightly: the feed cannot run (fence-guard)',
    ]);
    context.openAtFence = openAtFence;
    clock.advance(minute);
    await runFeeds();
    await wake();
    expect(toldTo(receiver).slice(3)).toEqual(['ended acme-nightly: the feed cannot run (fence-guard)']);
    expect(await store.read('feed_troubles')).toEqual([]);
  });

  test('files that do not come to their drop are late, by their own grace or that of all', async () => {
    const store = await open();
    const receiver = await newReceiver();
    const feeds = [makeFeed(), makeFeed({ name: 'patient', late: 3 * hour })];
    const { wake } = await makeStage(store, [channelTo(receiver)], { feeds });
    const id = await addDelivery(store, { error: 'connect acme-sftp: refused', hint: 'check the port' });
    await addDelivery(store, { feed: 'patient', drop_name: 'other' });
    await wake(29 * minute);
    expect(toldTo(receiver)).toEqual([]);
    await wake(2 * minute);
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: 1 file is late']);
    await setDeliveries(store, { state: 'delivered', delivered_at: due + 31 * minute }, { id });
    await wake(3 * hour);
    expect(toldTo(receiver).slice(1).sort()).toEqual([
      'ended acme-sftp: 1 file is late',
      'opened other: 1 file is late',
    ]);
  });

  test('what a person has just released, and what had to wait its turn, is not late', async () => {
    const store = await open();
    const receiver = await newReceiver();
    const { wake, clock } = await makeStage(store, [channelTo(receiver)], { feeds: [makeFeed()] });
    const first = await addDelivery(store, hostKey);
    const second = await addDelivery(store);
    await wake(5 * hour);
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)']);
    await release(store, first);
    // The database's clock on PostgreSQL is not ours.
    await store.write(({ knex }) => knex('attempts').update({ started_at: clock.now() }));
    await wake();
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)', 'ended acme-sftp: held (host-key)']);
    await setDeliveries(store, { state: 'delivered', delivered_at: clock.now() }, { id: first });
    await wake();
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)', 'ended acme-sftp: held (host-key)']);
    await wake(40 * minute);
    expect(toldTo(receiver).slice(2)).toEqual(['opened acme-sftp: 1 file is late']);
    await setDeliveries(store, { state: 'delivered', delivered_at: clock.now() }, { id: second });
    await wake();
    expect(toldTo(receiver).slice(3)).toEqual(['ended acme-sftp: 1 file is late']);
  });

  test('a file that the partner leaves lying is told after its time, until it is taken', async () => {
    const store = await open();
    const receiver = await newReceiver();
    const spec: DropSpec = {
      kind: 'folder',
      name: 'acme-sftp',
      folder: '/drops/a',
      concurrency: 1,
      stepTimeout: 1,
      replace: false,
    };
    const plan = { spec, unknown: 'hold' as const, giveUpAfter: hour, watchPickup: true, pickupWithin: 2 * hour };
    const drops = new Map([['acme-sftp', plan]]);
    const { wake } = await makeStage(store, [channelTo(receiver)], { drops });
    const at = (place: string, delivery_id: number) => ({
      ...{ delivery_id, number: 1, place, file_name: 'x', partial_name: '', phase: 'confirmed' },
      ...{ started_at: due, ended_at: due, outcome: 'delivered' },
    });
    const id = await addDelivery(store, { state: 'delivered', delivered_at: due });
    const moved = await addDelivery(store, { state: 'delivered', delivered_at: due - 5 * hour });
    await store.write(async ({ knex }) => {
      await knex('attempts').insert([at(placeOf(spec), id), at('folder:/elsewhere', moved)]);
    });
    await wake(hour);
    expect(toldTo(receiver)).toEqual([]);
    await wake(2 * hour);
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: 1 file not picked up']);
    await setDeliveries(store, { picked_up_at: due + 3 * hour }, { id });
    await wake();
    expect(toldTo(receiver).slice(1)).toEqual(['ended acme-sftp: 1 file not picked up']);
  });
});
