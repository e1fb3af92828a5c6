import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { OpenDrop } from '../../../src/drop/drop.ts';
import { claim, receipt, record, renewClaim } from '../../../src/outbound/delivery/claims.ts';
import { deliverDue, deliverNow } from '../../../src/outbound/delivery/deliver.ts';
import { nextDueAt } from '../../../src/outbound/delivery/deliveries.ts';
import { describeStores } from '../../stores.ts';
import { dropFault, makeSite, makeWorld, planOf, withFault, type World } from './world.ts';
import { until } from '../../until.ts';

/** A put that waits at one of its steps until it is let go. */
const waitAt = (step: 'uploaded' | 'renaming') => {
  let go = () => undefined as void;
  const free = new Promise<void>((resolve) => (go = resolve));
  let arrived = false;
  const openDrop = withFault((drop) => ({
    put: (file, steps) =>
      drop.put(file, {
        ...steps,
        [step]: async () => {
          arrived = true;
          await free;
          await steps[step]?.();
        },
      }),
  }));
  return { openDrop, go: () => go(), arrived: () => arrived };
};

const take = (world: World, id: number | undefined, holder: string) =>
  claim(world.ctx.store, { id: id!, dropName: 'acme', place: 'p', holder, leaseMs: 20_000 });

describeStores('claims', (open) => {
  const makeOne = async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    return { site, world, ...(await world.freeze()) };
  };

  test('many workers claim one delivery: one gets it', async () => {
    const { world, deliveries } = await makeOne();
    const claims = await Promise.all(Array.from({ length: 6 }, (_, n) => take(world, deliveries[0], `w${n}`)));
    expect(claims.filter((claimed) => claimed !== undefined).length).toBe(1);
    expect(await world.read(deliveries[0])).toMatchObject({ attempts: 1, claim: 1 });
  });

  test('two deliveries to one drop are not claimed at the same time', async () => {
    const { world, deliveries } = await makeOne();
    const other = await world.freeze({ feed: 'hourly' });
    const ids = [deliveries[0], other.deliveries[0]];
    const claims = await Promise.all(ids.map((id, n) => take(world, id, `w${n}`)));
    expect(claims.filter((claimed) => claimed !== undefined).length).toBe(1);
  });

  test('a claim holds until its lease ends; after that whatever its holder writes is refused', async () => {
    const { world, deliveries } = await makeOne();
    const { store } = world.ctx;
    const stale = (await take(world, deliveries[0], 'stale'))!;
    expect(await take(world, deliveries[0], 'next')).toBeUndefined();
    expect(await nextDueAt(store.read)).toBe((await world.read(deliveries[0])).leasedUntil);
    await world.endLeases();
    expect(await renewClaim(store, stale, 20_000)).toBe(true);
    expect(await take(world, deliveries[0], 'next')).toBeUndefined();
    await world.endLeases();
    const next = (await take(world, deliveries[0], 'next'))!;
    expect(next.number).toBe(2);
    expect(await renewClaim(store, stale, 20_000)).toBe(false);
    await expect(record(store, stale, 'renaming')).rejects.toMatchObject({ code: 'claim-lost' });
    await expect(receipt(store, stale, 'nightly_1.csv', 'size')).rejects.toMatchObject({ code: 'claim-lost' });
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'sending', holder: 'next', claim: 2 });
    expect(await world.attempts(deliveries[0])).toMatchObject([{ outcome: 'abandoned' }, { outcome: null }]);
    await receipt(store, next, 'nightly_1.csv', 'size');
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered', seen: 'size' });
  });

  test('a lease from before the clock was set back holds nobody up', async () => {
    const { world, deliveries } = await makeOne();
    await take(world, deliveries[0], 'stale');
    await world.set(deliveries[0], { leased_until: world.ctx.clock.now() + 3_600_000 });
    expect(await take(world, deliveries[0], 'next')).toMatchObject({ number: 2 });
  });

  test('a worker that slept past its lease renames nothing; the second one delivers', async () => {
    const { world, site, deliveries, main } = await makeOne();
    const sleeper = waitAt('renaming');
    const first = deliverDue({ ...world.ctx, openDrop: sleeper.openDrop, holder: 'sleeper' });
    await until(sleeper.arrived, 'it is about to rename');
    await world.endLeases();
    const second = await deliverDue({ ...world.ctx, holder: 'second' });
    expect(second[0]).toMatchObject({ state: 'delivered', attempts: 2 });
    rmSync(join(site.folder, main.fileName));
    sleeper.go();
    await first;
    expect(site.names()).toEqual([]);
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  test('a heartbeat keeps a long attempt ours, and one that is taken away ends at once', async () => {
    const { world, deliveries } = await makeOne();
    const slow = waitAt('uploaded');
    const ctx = { ...world.ctx, openDrop: slow.openDrop, leaseMs: 600 };
    const first = deliverDue(ctx);
    await until(slow.arrived, 'it has uploaded');
    const { leasedUntil } = await world.read(deliveries[0]);
    await until(async () => (await world.read(deliveries[0])).leasedUntil! > leasedUntil!, 'the lease was renewed');
    expect(await take(world, deliveries[0], 'other')).toBeUndefined();
    await world.set(deliveries[0], { claim: 99 });
    const [after] = await first;
    expect(after).toMatchObject({ state: 'sending', claim: 99 });
    slow.go();
  });

  test('told to stop, it finishes what it can in time', async () => {
    const { world, deliveries } = await makeOne();
    const later = await world.freeze();
    const slow = waitAt('uploaded');
    const stop = new AbortController();
    const running = deliverDue({ ...world.ctx, openDrop: slow.openDrop }, { signal: stop.signal, graceMs: 20_000 });
    await until(slow.arrived, 'it has uploaded');
    stop.abort();
    await pause(50);
    slow.go();
    await running;
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered' });
    expect(await world.read(later.deliveries[0])).toMatchObject({ state: 'pending', attempts: 0 });
  });

  test('told to stop, what takes too long is abandoned, due again at once, and its late steps do nothing', async () => {
    const { world, site, deliveries, main } = await makeOne();
    const slow = waitAt('renaming');
    const stop = new AbortController();
    let closed = 0;
    const openDrop: OpenDrop = async (spec) => {
      const drop = await slow.openDrop(spec);
      return { ...drop, close: () => (closed++, drop.close()) };
    };
    const running = deliverDue({ ...world.ctx, openDrop }, { signal: stop.signal, graceMs: 100 });
    await until(slow.arrived, 'it is about to rename');
    stop.abort();
    await running;
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending', holder: null, error: null });
    expect(closed).toBe(1);
    expect(await world.attempts(deliveries[0])).toMatchObject([{ outcome: 'abandoned', phase: 'uploading' }]);
    slow.go();
    await until(() => site.names().length === 0, 'it has taken back its partial file');
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(site.read(main.fileName).equals(main.content)).toBe(true);
    // Being told to stop is no failure: the next pause is as short as it would have been.
    expect(await deliverDue(world.ctx, { signal: AbortSignal.abort() })).toEqual([]);
  });

  test('deliverNow waits for another process, and takes over when that one is gone', async () => {
    const { world, deliveries, site } = await makeOne();
    const second = await world.freeze();
    await take(world, deliveries[0], 'elsewhere');
    const waits: number[] = [];
    const running = deliverNow(world.ctx, { feed: 'nightly' }, { onWait: ({ id }) => waits.push(id) });
    await until(() => waits.length > 0, 'it waits');
    expect(site.names()).toEqual([]);
    await world.endLeases();
    expect(await running).toMatchObject([
      { state: 'delivered', attempts: 2 },
      { state: 'delivered', attempts: 1 },
    ]);
    expect(waits).toEqual([deliveries[0]]);
    expect(second.deliveries.length).toBe(1);
  });

  test('deliverNow makes one attempt whatever the back-off, and tells what is still open', async () => {
    const { world } = await makeOne();
    await world.freeze();
    let attempts = 0;
    const ctx = { ...world.ctx, onAttempt: () => void attempts++, openDrop: () => Promise.reject(dropFault('cut')) };
    await deliverDue(ctx);
    const open = await deliverNow(ctx, { feed: 'nightly' });
    expect(open).toMatchObject([
      { state: 'pending', attempts: 2, errorCode: 'cut' },
      { state: 'pending', attempts: 0 },
    ]);
    expect(attempts).toBe(2);
    expect(await deliverNow(ctx, { feed: 'none' })).toEqual([]);
  });
});

describeStores('trouble of our own database', (open, kind) => {
  // SQLite has no server that could end a session.
  const steps = kind === 'sqlite' ? [] : (['uploaded', 'renaming'] as const);
  test.for(steps)('in an attempt (%s) is not held against the delivery, which is sent later', async (step) => {
    const site = makeSite('acme');
    const store = await open();
    const world = await makeWorld(store, { acme: planOf(site.spec) });
    const { deliveries } = await world.freeze();
    if (store.address.kind !== 'postgres') throw new Error('not PostgreSQL');
    const killer = new pg.Client({ connectionString: store.address.url });
    await killer.connect();
    const others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
    const failing = withFault((drop) => ({
      put: (file, steps) =>
        drop.put(file, {
          ...steps,
          [step]: async () => {
            // A write of ours that is under way when the server ends all sessions.
            const write = store.write(({ knex }) => knex.raw('select pg_sleep(20)'));
            const sleeping = `select 1 ${others} and query like '%pg_sleep%'`;
            const ended = write.catch((error: unknown) => Promise.reject(error as Error));
            ended.catch(() => undefined);
            await until(async () => (await killer.query(sleeping)).rowCount === 1, 'it sleeps');
            await killer.query(`select pg_terminate_backend(pid) ${others}`);
            await ended;
          },
        }),
    }));
    const [after] = await deliverDue({ ...world.ctx, openDrop: failing }).finally(() => killer.end());
    expect(after).toMatchObject({ state: 'pending', error: null });
    expect(after!.nextAttemptAt).toBeGreaterThan(world.ctx.clock.now() + 3000);
    expect(await world.attempts(deliveries[0])).toMatchObject([{ outcome: 'abandoned' }]);
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered' });
  });

  test('met by a read outside a write is a fault that passes, not a bug', async () => {
    const world = await makeWorld(await open(), { acme: planOf(makeSite('acme').spec) });
    const { deliveries } = await world.freeze();
    const lost = () => Promise.reject(Object.assign(new Error('terminating connection'), { code: '57P01' }));
    await deliverDue({ ...world.ctx, openDrop: lost });
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending', error: null });
  });
});
