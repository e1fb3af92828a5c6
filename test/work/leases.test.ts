import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fixedClock } from '../../src/clock.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import {
  acquire,
  assertHeld,
  type Busy,
  type Lease,
  longestLeaseMs,
  makeHolder,
  release,
  renew,
} from '../../src/work/leases.ts';
import { withLease } from '../../src/work/with-lease.ts';
import { describeStores, freshDatabase } from '../stores.ts';
import { until } from '../until.ts';

const leased = async (taking: Promise<Lease | Busy>): Promise<Lease> => {
  const taken = await taking;
  if ('busy' in taken) throw new Error(`held by ${taken.holder}`);
  return taken;
};
/** As if the holder's time were over, on either database's clock. */
const expire = (store: Store, name: string): Promise<void> =>
  store.write(async ({ knex }) => void (await knex('leases').where({ name }).update({ leased_until: 1 })));
test('a holder names host and process, and each use of it', () => {
  expect(makeHolder()).toMatch(new RegExp(`^.+:${process.pid}:[0-9a-f]{12}$`));
  expect(makeHolder()).not.toBe(makeHolder());
});

describeStores('leases', (open) => {
  test('one holds it, another is told who and until when', async () => {
    const store = await open();
    const lease = await leased(acquire(store, 'feed a', 'one', 20_000));
    expect(lease).toEqual({ name: 'feed a', holder: 'one', claim: 1 });
    const now = await store.write((writer) => writer.now());
    const busy = await acquire(store, 'feed a', 'two', 20_000);
    expect(busy).toMatchObject({ busy: true, holder: 'one' });
    expect(Math.abs((busy as Busy).leasedUntil - now - 20_000)).toBeLessThan(10_000);
    expect(await leased(acquire(store, 'feed b', 'two', 20_000))).toMatchObject({ claim: 1 });
  });

  test('given back, it is free at once, and the claim number grows', async () => {
    const store = await open();
    await release(store, await leased(acquire(store, 'x', 'one', 20_000)));
    expect(await leased(acquire(store, 'x', 'two', 20_000))).toMatchObject({ claim: 2 });
  });

  test('run out, it is taken over: the old holder can neither renew, write nor give it back', async () => {
    const store = await open();
    const old = await leased(acquire(store, 'x', 'one', 20_000));
    await expire(store, 'x');
    await store.write((writer) => assertHeld(writer, old)); // nobody took it yet
    expect(await renew(store, old, 20_000)).toBe(true);
    await expire(store, 'x');
    const mine = await leased(acquire(store, 'x', 'two', 20_000));
    expect(mine.claim).toBe(old.claim + 1);
    expect(await renew(store, old, 20_000)).toBe(false);
    await release(store, old);
    await expect(store.write((writer) => assertHeld(writer, old))).rejects.toMatchObject({
      code: 'claim-lost',
      next: 'retry',
    });
    await store.write((writer) => assertHeld(writer, mine));
    expect(await acquire(store, 'x', 'three', 20_000)).toMatchObject({ busy: true, holder: 'two' });
  });

  test('the same holder text with an older claim is fenced too', async () => {
    const store = await open();
    const old = await leased(acquire(store, 'x', 'one', 20_000));
    await expire(store, 'x');
    await leased(acquire(store, 'x', 'one', 20_000));
    expect(await renew(store, old, 20_000)).toBe(false);
    await expect(store.write((writer) => assertHeld(writer, old))).rejects.toMatchObject({ code: 'claim-lost' });
  });

  test('of many that want it at once, one gets it', async () => {
    const store = await open();
    for (let round = 1; round <= 3; round++) {
      const all = await Promise.all(Array.from({ length: 12 }, (_, n) => acquire(store, 'x', `h${n}`, 20_000)));
      const winners = all.filter((taken): taken is Lease => !('busy' in taken));
      expect(winners).toHaveLength(1);
      expect(winners[0]?.claim).toBe(round);
      await expire(store, 'x');
    }
  });

  test('a write that asserted the lease ends before it is taken over', async () => {
    const store = await open();
    const lease = await leased(acquire(store, 'x', 'one', 20_000));
    await expire(store, 'x');
    const order: string[] = [];
    let asserted = false;
    const writing = store.write(async (writer) => {
      await assertHeld(writer, lease);
      asserted = true;
      await pause(100);
      order.push('written');
    });
    await until(() => asserted, 'it is asserted');
    await leased(acquire(store, 'x', 'two', 20_000));
    order.push('taken over');
    await writing;
    expect(order).toEqual(['written', 'taken over']);
  });

  test('a lease is never so long that a gone holder blocks for more than 30 seconds', async () => {
    const store = await open();
    expect(longestLeaseMs).toBeLessThanOrEqual(20_000);
    expect(() => acquire(store, 'x', 'one', longestLeaseMs + 1)).toThrow(RangeError);
    expect(() => renew(store, { name: 'x', holder: 'one', claim: 1 }, 0)).toThrow(RangeError);
  });
});

describeStores('work under a lease', (open) => {
  test('it is renewed while the work lasts, and given back at the end', async () => {
    const store = await open();
    const seen: unknown[] = [];
    const done = await withLease(store, 'x', 'one', { leaseMs: 300 }, async (lease, signal) => {
      await pause(1000);
      seen.push(signal.aborted, lease.claim);
      await store.write((writer) => assertHeld(writer, lease));
      return 'done';
    });
    expect(done).toEqual({ busy: false, result: 'done' });
    expect(seen).toEqual([false, 1]);
    expect(await leased(acquire(store, 'x', 'two', 20_000))).toMatchObject({ claim: 2 });
  });

  test('it is given back when the work fails, and the error comes through', async () => {
    const store = await open();
    const failing = withLease(store, 'x', 'one', { leaseMs: 5000 }, () => Promise.reject(new Error('no luck')));
    await expect(failing).rejects.toThrow('no luck');
    await leased(acquire(store, 'x', 'two', 20_000));
  });

  test('the signal fires with claim-lost when another takes over', async () => {
    const store = await open();
    const work = withLease(store, 'x', 'one', { leaseMs: 600 }, async (_, signal) => {
      await store.write(async ({ knex }) => void (await knex('leases').update({ claim: 7, holder: 'two' })));
      await until(() => signal.aborted, 'the claim is lost');
      return signal.reason as unknown;
    });
    expect(await work).toMatchObject({ result: { code: 'claim-lost', next: 'retry' } });
    const row = (await store.read('leases').first('holder')) as unknown;
    expect(row).toEqual({ holder: 'two' }); // not given back in its name
  });

  test('the signal fires when the database cannot be asked for as long as the lease lasts', async () => {
    const store = await open();
    let broken = false;
    const flaky: Store = {
      ...store,
      write: (work) => (broken ? Promise.reject(new Error('unreachable')) : store.write(work)),
    };
    await withLease(flaky, 'x', 'one', { leaseMs: 300 }, async (_, signal) => {
      broken = true;
      await until(() => signal.aborted, 'the claim is lost');
    });
    expect(broken).toBe(true);
  });

  test('after a long wait a renewal that fails once is tried again, like any other', async () => {
    const store = await open();
    const leaseMs = 1500;
    const other = await leased(acquire(store, 'x', 'other', 20_000));
    let failures = 0;
    let working = false;
    const flaky: Store = {
      ...store,
      write: (work) => (working && failures++ === 0 ? Promise.reject(new Error('no answer')) : store.write(work)),
    };
    const waiting = withLease(flaky, 'x', 'me', { leaseMs, waitMs: 20_000 }, async (_, signal) => {
      working = true;
      await until(() => signal.aborted || failures >= 2, 'a second renewal has failed');
      return signal.aborted;
    });
    await pause(leaseMs * 1.2);
    await release(store, other);
    expect(await waiting).toEqual({ busy: false, result: false });
  });

  test('a holder that is alive is waited for, and said so once; then it is busy or ours', async () => {
    const store = await open();
    const other = await leased(acquire(store, 'x', 'other', 20_000));
    const told: string[] = [];
    const use = { leaseMs: 5000, onWait: (busy: Busy) => void told.push(busy.holder) };
    const never = () => Promise.reject(new Error('must not run'));
    expect(await withLease(store, 'x', 'me', { ...use }, never)).toMatchObject({ busy: true, holder: 'other' });
    expect(await withLease(store, 'x', 'me', { ...use, waitMs: 300 }, never)).toMatchObject({ busy: true });
    expect(told).toEqual(['other']);
    const waiting = withLease(store, 'x', 'me', { ...use, waitMs: 20_000 }, ({ claim }) => Promise.resolve(claim));
    await until(() => told.length === 2, 'two are told');
    await release(store, other);
    expect(await waiting).toEqual({ busy: false, result: 2 });
  });

  test('waiting ends with the signal of the caller', async () => {
    const store = await open();
    await leased(acquire(store, 'x', 'other', 20_000));
    const stop = new AbortController();
    const use = { leaseMs: 5000, waitMs: 60_000, signal: stop.signal, onWait: () => stop.abort() };
    await expect(withLease(store, 'x', 'me', use, () => Promise.resolve())).rejects.toThrow(/abort/i);
  });
});

test('a lease from before the clock was set back holds nobody up', async () => {
  const clock = fixedClock('2026-05-02T12:00Z');
  const database = await freshDatabase('sqlite'); // PostgreSQL's own clock cannot be set from here
  const store = await openStore(database.url, '/', clock);
  try {
    const old = await leased(acquire(store, 'x', 'one', 20_000));
    clock.advance(-2_000); // within the slack: the holder keeps it
    expect(await acquire(store, 'x', 'two', 20_000)).toMatchObject({ busy: true });
    clock.advance(-3_600_000);
    expect(await renew(store, old, 20_000)).toBe(true); // alive: renewed by the new clock
    expect(await acquire(store, 'x', 'two', 20_000)).toMatchObject({ busy: true });
    clock.advance(-3_600_000); // gone: taken over at once, not after two hours
    expect(await leased(acquire(store, 'x', 'two', 20_000))).toMatchObject({ claim: 2 });
  } finally {
    await store.close();
    await database.remove();
  }
});
