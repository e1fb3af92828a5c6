import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asideName } from '../../../src/drop/drop.ts';
import { release } from '../../../src/outbound/delivery/actions.ts';
import { deliverDue, deliverNow } from '../../../src/outbound/delivery/deliver.ts';
import { nextDueAt, showDelivery } from '../../../src/outbound/delivery/deliveries.ts';
import { makeLog } from '../../../src/log.ts';
import { describeStores } from '../../stores.ts';
import { answerLost, cutBeforeRename, dropFault, makeSite, makeWorld, planOf, withFault } from './world.ts';
import { until } from '../../until.ts';

describeStores('deliveries', (open) => {
  test('a batch with its sidecar arrives whole under its names, with a receipt', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { files, deliveries } = await world.freeze({ sidecar: true, bytes: 3_000_000 });
    const [done] = await deliverDue(world.ctx);
    expect(site.names()).toEqual(['nightly_1.csv', 'nightly_1.csv.sha256']);
    for (const { fileName, content } of files) expect(site.read(fileName).equals(content)).toBe(true);
    expect(done).toMatchObject({ id: deliveries[0], state: 'delivered', attempts: 1, seen: 'digest', holder: null });
    expect(await world.attempts(deliveries[0])).toMatchObject([{ phase: 'confirmed', outcome: 'delivered' }]);
    expect(await deliverDue(world.ctx)).toEqual([]);
    expect(await nextDueAt(world.ctx.store.read)).toBeUndefined();
  });

  test('is shown with the names of the command line', async () => {
    const world = await makeWorld(await open(), { acme: planOf(makeSite('acme').spec) });
    const { batchId } = await world.freeze();
    const [done] = await deliverDue(world.ctx);
    const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    expect(showDelivery(done!)).toEqual({
      id: done!.id,
      batch: batchId,
      feed: 'nightly',
      drop: 'acme',
      state: 'delivered',
      attempts: 1,
      remoteName: 'nightly_1.csv',
      bytes: 2000,
      startedAt: expect.stringMatching(iso) as string,
      deliveredAt: expect.stringMatching(iso) as string,
      seen: 'digest',
      pickedUp: null,
      error: null,
      hint: null,
    });
  });

  test('a failure waits for its back-off, keeps its reason, and is forgotten with the receipt', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { deliveries } = await world.freeze();
    let broken = true;
    const ctx = {
      ...world.ctx,
      openDrop: withFault(() => (broken ? { put: () => Promise.reject(dropFault('cut')) } : {})),
    };
    const [failed] = await deliverDue(ctx);
    expect(failed).toMatchObject({
      state: 'pending',
      errorCode: 'cut',
      error: 'try the drop: fault cut',
      hint: 'a hint',
    });
    expect(failed!.nextAttemptAt).toBeGreaterThan(ctx.clock.now() + 5000);
    expect(await nextDueAt(ctx.store.read)).toBe(failed!.nextAttemptAt);
    expect(await deliverDue(ctx)).toEqual([]);
    broken = false;
    const [done] = await deliverNow(ctx, { feed: 'nightly' });
    expect(done).toMatchObject({ state: 'delivered', attempts: 2, error: null, hint: null, errorCode: null });
    expect(await world.attempts(deliveries[0])).toMatchObject([{ outcome: 'failed' }, { outcome: 'delivered' }]);
  });

  test('gives up after its time, counted from its own first attempt', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { giveUpAfter: 3_600_000 }) });
    const { deliveries } = await world.freeze();
    const ctx = { ...world.ctx, openDrop: () => Promise.reject(dropFault('unreachable')) };
    await world.set(deliveries[0], { created_at: 1 });
    expect((await deliverDue(ctx))[0]).toMatchObject({ state: 'pending' });
    await world.set(deliveries[0], { started_at: ctx.clock.now() - 3_600_001, next_attempt_at: 0 });
    const [held] = await deliverDue(ctx);
    expect(held).toMatchObject({ state: 'held', errorCode: 'gave-up' });
    expect(held!.error).toContain('gave up after 1 h');
    expect(await deliverDue(ctx)).toEqual([]);
  });

  test('one drop that hangs or fails delays no other', async () => {
    const [good, bad, slow, late] = [makeSite('good'), makeSite('bad'), makeSite('slow'), makeSite('late')];
    const plans = { bad: planOf(bad.spec), good: planOf(good.spec), slow: planOf(slow.spec), late: planOf(late.spec) };
    const world = await makeWorld(await open(), plans);
    await world.freeze({ to: ['bad', 'good', 'slow'] });
    let free = () => undefined as void;
    const waiting = new Promise<void>((resolve) => (free = resolve));
    const ctx = {
      ...world.ctx,
      openDrop: withFault((drop, { name }) => {
        if (name === 'bad') throw dropFault('host-key', 'hold');
        return name === 'slow' ? { put: (file, steps) => waiting.then(() => drop.put(file, steps)) } : {};
      }),
    };
    const all = deliverDue(ctx);
    await until(() => good.names().length === 1, 'the good drop has its file');
    // What becomes due while one drop is slow is begun all the same.
    await world.freeze({ to: ['late', 'slow'] });
    await until(() => late.names().length === 1, 'the late drop has its file too');
    expect(slow.names()).toEqual([]);
    free();
    await all;
    expect(slow.names()).toEqual(['nightly_1.csv', 'nightly_2.csv']);
    expect(bad.names()).toEqual([]);
  });

  test('strict order: nothing overtakes an earlier batch of the feed, free order does', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const first = await world.freeze();
    const second = await world.freeze();
    const other = await world.freeze({ feed: 'hourly' });
    const third = await world.freeze({ feed: 'loose', ordering: 'free' });
    const fourth = await world.freeze({ feed: 'loose', ordering: 'free' });
    const failing = new Set(['nightly_1.csv', 'loose_4.csv']);
    const ctx = {
      ...world.ctx,
      openDrop: withFault((drop) => ({
        put: (file, steps) => (failing.has(file.name) ? Promise.reject(dropFault('cut')) : drop.put(file, steps)),
      })),
    };
    await deliverDue(ctx);
    expect(site.names()).toEqual(['hourly_3.csv', 'loose_5.csv']);
    expect(await world.read(second.deliveries[0])).toMatchObject({ state: 'pending', attempts: 0 });
    await world.set(first.deliveries[0], { state: 'held' });
    await world.skipBackoff();
    await deliverDue(ctx);
    expect(site.names()).not.toContain('nightly_2.csv');
    failing.clear();
    await world.set(first.deliveries[0], { state: 'pending' });
    await world.skipBackoff();
    const order: string[] = [];
    await deliverDue({ ...ctx, onAttempt: ({ fileName }) => order.push(fileName) });
    expect(order).toEqual(['nightly_1.csv', 'nightly_2.csv', 'loose_4.csv']);
    expect([other, third, fourth].length).toBe(3);
  });

  test('a sidecar that fails does not send the main file twice', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { deliveries } = await world.freeze({ sidecar: true });
    const puts: string[] = [];
    let broken = true;
    const ctx = {
      ...world.ctx,
      openDrop: withFault((drop) => ({
        put: (file, steps) => {
          puts.push(file.name);
          if (broken && file.name.endsWith('.sha256')) return Promise.reject(dropFault('cut'));
          return drop.put(file, steps);
        },
      })),
    };
    expect((await deliverDue(ctx))[0]).toMatchObject({ state: 'pending', seen: 'digest' });
    // The partner takes the main file meanwhile: it must not come again.
    rmSync(join(site.folder, 'nightly_1.csv'));
    broken = false;
    await world.skipBackoff();
    expect((await deliverDue(ctx))[0]).toMatchObject({ state: 'delivered', seen: 'digest', attempts: 2 });
    expect(puts).toEqual(['nightly_1.csv', 'nightly_1.csv.sha256', 'nightly_1.csv.sha256']);
    expect(site.names()).toEqual(['nightly_1.csv.sha256']);
    expect((await world.attempts(deliveries[0])).length).toBe(2);
  });

  test('our own bytes that lie there already are delivered, others are held and never touched', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const mine = await world.freeze({ ordering: 'free' });
    const taken = await world.freeze({ ordering: 'free', bytes: 5 });
    writeFileSync(join(site.folder, mine.main.fileName), mine.main.content);
    writeFileSync(join(site.folder, taken.main.fileName), 'other');
    await deliverDue(world.ctx);
    expect(await world.read(mine.deliveries[0])).toMatchObject({ state: 'delivered', seen: 'digest' });
    expect(await world.read(taken.deliveries[0])).toMatchObject({ state: 'held', errorCode: 'taken' });
    expect(site.read(taken.main.fileName).toString()).toBe('other');
    expect(site.names().length).toBe(2);
  });

  test('a drop that replaces gets the file in the place of another', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf({ ...site.spec, replace: true }) });
    const { main } = await world.freeze();
    writeFileSync(join(site.folder, main.fileName), 'other');
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered' });
    expect(site.read(main.fileName).equals(main.content)).toBe(true);
  });

  test.each(['missing', 'shorter', 'changed'])(
    'a spool file that is %s is held and nothing is sent',
    async (damage) => {
      const site = makeSite('acme');
      const world = await makeWorld(await open(), { acme: planOf(site.spec) });
      const { main } = await world.freeze();
      const path = world.spool.pathOf(main.spool);
      if (damage === 'missing') rmSync(path);
      if (damage === 'shorter') truncateSync(path, 100);
      if (damage === 'changed') writeFileSync(path, Buffer.alloc(main.content.length));
      let connections = 0;
      const [held] = await deliverDue({ ...world.ctx, openDrop: withFault(() => (connections++, {})) });
      // A change that keeps the size is found while the bytes are read, before the rename.
      expect(connections).toBe(damage === 'changed' ? 1 : 0);
      expect(held).toMatchObject({ state: 'held', errorCode: 'spool-damaged' });
      expect(held!.hint).toContain(main.spool);
      expect(readdirSync(site.folder)).toEqual([]);
    },
  );

  test('a large spool file with one bit changed is held, though it is hashed beside the upload', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { main } = await world.freeze({ bytes: 17 * 1024 * 1024 });
    const changed = Buffer.from(main.content);
    changed[9_000_000] = changed[9_000_000]! ^ 1;
    writeFileSync(world.spool.pathOf(main.spool), changed);
    const [held] = await deliverDue(world.ctx);
    expect(held).toMatchObject({ state: 'held', errorCode: 'spool-damaged' });
    expect(site.names()).toEqual([]);
    writeFileSync(world.spool.pathOf(main.spool), main.content);
    await release(world.ctx.store, held!.id);
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered' });
    expect(site.read(main.fileName).equals(main.content)).toBe(true);
  });

  test('a drop that is not configured here is left to who knows it for 5 minutes, then held, with what to do', async () => {
    const world = await makeWorld(await open(), { acme: planOf(makeSite('acme').spec) });
    const { deliveries } = await world.freeze({ to: ['gone'] });
    const { deliveries: other } = await world.freeze({ to: ['gone'], ordering: 'free' });
    const lines: string[] = [];
    const ctx = { ...world.ctx, log: makeLog('info', { write: (line) => void lines.push(line) }) };
    const almost = ctx.clock.now() - 5 * 60_000 + 30_000;
    await world.set(deliveries[0], { next_attempt_at: almost });
    expect(await deliverDue(ctx)).toEqual([]);
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending', error: null });
    expect(lines.length).toBe(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      ...{ level: 'info', drops: ['gone'], deliveries: [...deliveries, ...other] },
    });
    expect((await deliverNow(ctx, { dropName: 'gone' })).map(({ state }) => state)).toEqual(['pending', 'pending']);
    await world.set(deliveries[0], { next_attempt_at: almost - 60_000 });
    await deliverDue(ctx);
    expect(await world.read(other[0])).toMatchObject({ state: 'pending' });
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'held', errorCode: 'drop-unknown', attempts: 0 });
    expect((await world.read(deliveries[0])).hint).toContain('partner file');
  });

  test('a bug is held and says so', async () => {
    const world = await makeWorld(await open(), { acme: planOf(makeSite('acme').spec) });
    await world.freeze();
    const ctx = { ...world.ctx, openDrop: () => Promise.reject(new TypeError('x is not a function')) };
    expect((await deliverDue(ctx))[0]).toMatchObject({ state: 'held', errorCode: 'unforeseen' });
  });
});

describeStores('after a rename without an answer', (open) => {
  test('the file is found, read back and delivered, without a second upload', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { main } = await world.freeze();
    const [failed] = await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    expect(failed).toMatchObject({ state: 'pending', errorCode: 'unknown-outcome' });
    expect(await world.attempts(failed!.id)).toMatchObject([{ phase: 'renaming', outcome: 'failed' }]);
    await world.skipBackoff();
    const openDrop = withFault(() => ({ put: () => Promise.reject(new Error('a second upload')) }));
    expect((await deliverDue({ ...world.ctx, openDrop }))[0]).toMatchObject({ state: 'delivered', seen: 'digest' });
    expect(site.read(main.fileName).equals(main.content)).toBe(true);
  });

  test('only the partial name: it is uploaded again under another one, and the old one is swept', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { main } = await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault((drop) => cutBeforeRename(drop, site.folder)) });
    expect(site.names()).toMatchObject([expect.stringMatching(/^\.nightly_1\.csv\.1-.*\.part$/)]);
    writeFileSync(join(site.folder, '.nightly_1.csv.9-theirs.part'), 'not ours');
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(site.names()).toEqual(['.nightly_1.csv.9-theirs.part', 'nightly_1.csv']);
    expect(site.read(main.fileName).equals(main.content)).toBe(true);
  });

  test('what was replaced in an earlier attempt is swept too', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf({ ...site.spec, replace: true }) });
    await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault((drop) => cutBeforeRename(drop, site.folder)) });
    const [partial = ''] = site.names();
    writeFileSync(join(site.folder, asideName(partial)), 'the file before');
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered' });
    expect(site.names()).toEqual(['nightly_1.csv']);
  });

  test.each(['send', 'hold'] as const)('nothing is there, the drop says %s', async (unknown) => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown }) });
    const { main } = await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    rmSync(join(site.folder, main.fileName));
    await world.skipBackoff();
    const [after] = await deliverDue(world.ctx);
    if (unknown === 'send') {
      expect(after).toMatchObject({ state: 'delivered' });
      expect(site.read(main.fileName).equals(main.content)).toBe(true);
    } else {
      expect(after).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
      expect(site.names()).toEqual([]);
    }
  });

  test('other bytes are there: held', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown: 'send' }) });
    const { main } = await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    writeFileSync(join(site.folder, main.fileName), Buffer.alloc(main.content.length));
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'held', errorCode: 'taken' });
  });

  test('bytes that cannot be read back: the size decides, and the receipt says so', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    await world.skipBackoff();
    const openDrop = withFault(() => ({ fetch: () => Promise.reject(dropFault('denied', 'hold')) }));
    expect((await deliverDue({ ...world.ctx, openDrop }))[0]).toMatchObject({ state: 'delivered', seen: 'size' });
  });

  test('the drop is elsewhere now: held, and neither place is touched', async () => {
    const [site, moved] = [makeSite('acme'), makeSite('acme')];
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown: 'send' }) });
    await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    await world.skipBackoff();
    const [held] = await deliverDue({ ...world.ctx, drops: new Map([['acme', planOf(moved.spec)]]) });
    expect(held).toMatchObject({ state: 'held', errorCode: 'place-changed' });
    expect(held!.error).toContain(site.folder);
    expect(moved.names()).toEqual([]);
  });

  test('an attempt that never connected between does not make us forget it', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown: 'hold' }) });
    const { main } = await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    rmSync(join(site.folder, main.fileName));
    await world.skipBackoff();
    await deliverDue({ ...world.ctx, openDrop: () => Promise.reject(dropFault('unreachable')) });
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
  });

  test('a late rename of an earlier attempt is as good as our own', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    const { main } = await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault((drop) => cutBeforeRename(drop, site.folder)) });
    await world.skipBackoff();
    const openDrop = withFault((drop) => ({
      put: (file, steps) =>
        drop.put(file, {
          ...steps,
          uploaded: () => writeFileSync(join(site.folder, main.fileName), main.content),
        }),
    }));
    expect((await deliverDue({ ...world.ctx, openDrop }))[0]).toMatchObject({ state: 'delivered', seen: 'digest' });
    expect(site.names()).toEqual([main.fileName]);
  });
});

describeStores('a partner who takes files at once', (open) => {
  test('delivered, seen no, picked up with the receipt, never sent again', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown: 'send' }) });
    const { main } = await world.freeze();
    const openDrop = withFault((drop) => ({
      put: (file, steps) =>
        drop.put(file, {
          ...steps,
          renamed: async () => {
            await steps.renamed?.();
            rmSync(join(site.folder, main.fileName));
          },
        }),
    }));
    const [done] = await deliverDue({ ...world.ctx, openDrop });
    expect(done).toMatchObject({ state: 'delivered', seen: 'no' });
    expect(done!.pickedUpAt).toBe(done!.deliveredAt);
    expect(await deliverDue(world.ctx)).toEqual([]);
  });

  test('so too when we went away between the answer and the receipt', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown: 'send' }) });
    const { main } = await world.freeze();
    const openDrop = withFault((drop) => ({
      put: async (file, steps) => {
        await drop.put(file, steps);
        rmSync(join(site.folder, main.fileName));
        throw dropFault('unknown-outcome');
      },
    }));
    await deliverDue({ ...world.ctx, openDrop });
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered', seen: 'no', attempts: 2 });
    expect(site.names()).toEqual([]);
  });

  test('a yes that is not true is no receipt', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    await world.freeze();
    const openDrop = withFault(() => ({
      put: async (file, steps) => {
        writeFileSync(join(site.folder, file.partial), '');
        await steps.renaming();
        await steps.renamed?.();
        return 'no';
      },
    }));
    expect((await deliverDue({ ...world.ctx, openDrop }))[0]).toMatchObject({ state: 'pending', errorCode: 'refused' });
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered', seen: 'digest' });
    expect(site.names()).toEqual(['nightly_1.csv']);
  });
});
