import { readdirSync, utimesSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeApplySubmissions } from '../../../jobs/apply-submissions.ts';
import { makeExpireSubmissionFiles } from '../../../jobs/expire-submission-files.ts';
import type { JobContext } from '../../../jobs/job.ts';
import { makeSweepSpool } from '../../../jobs/sweep-spool.ts';
import { Fault } from '../../../src/fault.ts';
import { silentLog } from '../../../src/log.ts';
import { applyOrWait, applyQueued } from '../../../src/inbound/submission/apply-queue.ts';
import { startApplyThread } from '../../../src/inbound/submission/apply-thread.ts';
import { applySubmission, leaseNameOf } from '../../../src/inbound/submission/apply.ts';
import { releaseSubmission } from '../../../src/inbound/submission/release.ts';
import { findRows } from '../../../src/inbound/submission/rows.ts';
import { makeHolder } from '../../../src/work/leases.ts';
import { withLease } from '../../../src/work/with-lease.ts';
import { makeContext } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';
import { eventType } from './event-type.ts';
import { codes, makeStage, order } from './stage.ts';

const day = 86_400_000;
const never = new AbortController().signal;
const file = (...lines: string[]): string => ['OrderId,ActionTrackerId,Amount,Reason', ...lines].join('\n');
const orders = Array.from({ length: 6 }, (_, i) => `O${i}`);
const lines = orders.map((id) => `${id},4521,50,OTHER`);

describeStores('who applies', (open) => {
  test('one that was taken over writes no more, and the other goes on where it stopped', async () => {
    const stage = await makeStage(
      await open(),
      orders.map((id) => order(id)),
    );
    const { store, spool } = stage;
    const { id } = await stage.accept(file(...lines));
    const first = await stage.takeLease();
    let stop: (() => void) | undefined;
    const asleep = new Promise<void>((resolve) => (stop = resolve));
    let wake: (() => void) | undefined;
    const awake = new Promise<void>((resolve) => (wake = resolve));
    let writes = 0;
    // The first owner falls asleep before its second chunk.
    const sleepy: typeof store.write = async (work) => {
      if (++writes === 4) {
        stop?.();
        await awake;
      }
      return store.write(work);
    };
    const slow = applySubmission(
      { store: { ...store, write: sleepy }, spool, eventType, lease: first, chunkLines: 2 },
      id,
    );
    const lost = expect(slow).rejects.toMatchObject({ code: 'claim-lost', next: 'retry' });
    await asleep;
    expect((await stage.stand(id)).position).toBe(2);
    await store.write(({ knex }) => knex('leases').update({ leased_until: 0 }));
    expect(await stage.apply(id, 2)).toBe('complete');
    wake?.();
    await lost;
    expect(codes(await findRows(store.read, id))).toEqual(orders.map(() => 'MODIFIED'));
    for (const orderId of orders) expect((await stage.shown(orderId))[0]?.journal).toHaveLength(2);
  });

  test('submissions of one event type are applied in order of acceptance, by one at a time', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const accepted = [];
    for (const amount of ['50', '60', '70']) accepted.push(await stage.accept(file(`A,4521,${amount},OTHER`)));
    const done: number[] = [];
    const queue = () => applyQueued(stage, eventType, { signal: never, onDone: ({ id }) => void done.push(id) });
    const name = leaseNameOf(eventType.id);
    await withLease(stage.store, name, makeHolder(), { leaseMs: 15_000 }, async () =>
      expect(await queue()).toBe('busy'),
    );
    expect((await Promise.all([queue(), queue()])).toSorted()[1]).toBe('done');
    expect(done).toEqual(accepted.map(({ id }) => id));
    const [shown] = await stage.shown('A');
    expect(shown?.journal.map(({ amount }) => amount)).toEqual(['100.00', '50.00', '60.00', '70.00']);
  });

  test('an apply thread takes its turn among the writers of its process, and gives it back when it is ended', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `M${i}`);
    const stage = await makeStage(
      await open(),
      many.map((id) => order(id)),
    );
    const { store, spool } = stage;
    const { id } = await stage.accept(file(...many.map((orderId) => `${orderId},4521,50,OTHER`)));
    const lease = await stage.takeLease();
    const job = { address: store.address, spoolFolder: spool.folder, eventType, lease };
    let asked: (() => void) | undefined;
    const hasAsked = new Promise<void>((resolve) => (asked = resolve));
    let turns = 0;
    const counted: typeof store.turn = (work) => {
      turns++;
      asked?.();
      return store.turn(work);
    };
    const thread = await startApplyThread({ ...store, turn: counted }, job);
    const lost = expect(thread.apply(id)).rejects.toThrow('ended');
    await hasAsked;
    await thread.close();
    await lost;
    await store.write(({ knex }) => knex('leases').update({ leased_until: 0 }));
    const other = await startApplyThread({ ...store, turn: counted }, { ...job, lease: await stage.takeLease() });
    const before = turns;
    expect(await other.apply(id)).toBe('complete');
    expect(turns - before).toBeGreaterThan(2); // taken up, read, each chunk, completed
    await other.close();
    expect(codes(await findRows(store.read, id))).toEqual(many.map(() => 'MODIFIED'));
  });

  test('a submission that ends its thread, or fails in a way nobody foresaw, is held, and the next ones go on', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const accepted = [];
    for (const amount of ['50', '60', '70']) accepted.push(await stage.accept(file(`A,4521,${amount},OTHER`)));
    const [dying, failing, good] = accepted.map(({ id }) => id);
    const startThread: typeof startApplyThread = async (...args) => {
      const thread = await startApplyThread(...args);
      const apply: typeof thread.apply = async (id, progress) => {
        if (id === failing) throw new Error('nobody foresaw this');
        if (id !== dying) return thread.apply(id, progress);
        const ended = thread.apply(id, progress);
        await Promise.all([thread.close(), ended]);
        return ended;
      };
      return { ...thread, apply };
    };
    expect(await applyQueued(stage, eventType, { signal: never, startThread })).toBe('done');
    expect(await stage.stand(dying ?? 0)).toMatchObject({
      status: 'Held',
      error: expect.stringContaining('the apply worker ended') as string,
    });
    expect(await stage.stand(failing ?? 0)).toMatchObject({
      status: 'Held',
      error: expect.stringContaining('nobody foresaw this') as string,
    });
    expect(await stage.stand(good ?? 0)).toMatchObject({ status: 'Complete', outcomes: { MODIFIED: 1 } });
    // What passes by itself holds nothing.
    const next = await stage.accept(file('A,4521,80,OTHER'));
    const busy = new Fault({
      ...{
        operation: 'use',
        object: 'the database',
        reason: 'busy',
        hint: 'wait',
        next: 'retry',
        code: 'database-busy',
      },
    });
    const troubled: typeof startApplyThread = async (...args) => ({
      ...(await startApplyThread(...args)),
      apply: () => Promise.reject(busy),
    });
    await expect(applyQueued(stage, eventType, { signal: never, startThread: troubled })).rejects.toBe(busy);
    expect(await stage.stand(next.id)).toMatchObject({ status: 'Queued' });
  });

  test('whoever waits gets the outcomes of the one who applies', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const { id } = await stage.accept(file('A,4521,50,OTHER'));
    const both = [1, 2].map(() => applyOrWait(stage, eventType, id, { signal: never }));
    for (const found of await Promise.all(both))
      expect(found).toMatchObject({ status: 'Complete', outcomes: { MODIFIED: 1 } });
    const stopping = new AbortController();
    stopping.abort();
    const next = await stage.accept(file('A,4521,60,OTHER'));
    await expect(applyOrWait(stage, eventType, next.id, { signal: stopping.signal })).rejects.toThrow('abort');
    expect(await stage.stand(next.id)).toMatchObject({ status: 'Queued', position: 0 });
  });
});

describeStores('the service', (open) => {
  test('applies what waits; keeps its files while they are needed, and lets them go when they are old', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const delivering = { drops: new Map(), openDrop: () => Promise.reject(new Error('not here')), random: Math.random };
    const clock = { now: () => Date.now() };
    const context: JobContext = {
      ...(await makeContext(stage.store)),
      ...{ spool: stage.spool, clock, eventTypes: new Map([[4521, eventType]]), keepSubmissions: 90 * day },
      ...{ ...delivering, feeds: [], channels: [], late: 1, keepBatchFiles: 1, log: silentLog, graceMs: 1 },
      ...{ ending: never, abandon: never },
    };
    const { id } = await stage.accept(file('A,4521,50,OTHER'));
    const other = await stage.accept(file('A,4521,50,OTHER'));
    const job = makeApplySubmissions();
    await job.run(context);
    await job.idle?.();
    expect(await stage.stand(id)).toMatchObject({ status: 'Complete' });
    const spooled = () => readdirSync(stage.spool.folder);
    expect(spooled()).toHaveLength(3);
    const old = (Date.now() - 2 * day) / 1000;
    for (const name of spooled()) utimesSync(stage.spool.pathOf(name), old, old);
    await makeSweepSpool().run(context);
    expect(spooled()).toHaveLength(3);
    await makeExpireSubmissionFiles().run({ ...context, clock: { now: () => Date.now() + 89 * day } });
    expect(spooled()).toHaveLength(3);
    await makeExpireSubmissionFiles().run({ ...context, clock: { now: () => Date.now() + 91 * day } });
    expect(spooled()).toEqual([]);
    expect(codes(await findRows(stage.store.read, id))).toEqual(['MODIFIED']);
    await expect(releaseSubmission(stage.store, other.id)).rejects.toMatchObject({ code: 'expired' });
    // The digest outlives the file.
    expect(await stage.accept(file('A,4521,50,OTHER'))).toMatchObject({ status: 'Duplicate', duplicateOf: id });
  });
});
