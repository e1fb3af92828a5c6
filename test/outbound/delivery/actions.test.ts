import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { release, resend, settle } from '../../../src/outbound/delivery/actions.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { watchPickups } from '../../../src/outbound/delivery/pickup.ts';
import { describeStores } from '../../stores.ts';
import { answerLost, dropFault, makeSite, makeWorld, planOf, withFault } from './world.ts';

describeStores('by hand', (open) => {
  const site = () => makeSite('acme');

  test('resend changes nothing when the same bytes lie there', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries } = await world.freeze({ sidecar: true });
    await deliverDue(world.ctx);
    const before = await world.read(deliveries[0]);
    expect(await resend(world.ctx, deliveries[0]!)).toBe('same');
    expect(await world.read(deliveries[0])).toEqual(before);
  });

  test('resend sends only the files that are missing, the same bytes again', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries, main } = await world.freeze({ sidecar: true });
    await deliverDue(world.ctx);
    rmSync(join(acme.folder, main.fileName));
    expect(await resend(world.ctx, deliveries[0]!)).toBe('pending');
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending', resend: true, pickedUpAt: null });
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered', resend: false, seen: 'digest' });
    expect(acme.read(main.fileName).equals(main.content)).toBe(true);
    expect(acme.names().length).toBe(2);
  });

  test.each([false, true])(
    'without bytes to read back, what still lies there is known by its size (replace: %s)',
    async (replace) => {
      const acme = site();
      const world = await makeWorld(await open(), { acme: planOf({ ...acme.spec, replace }) });
      const { deliveries, main } = await world.freeze({ sidecar: true, marker: true });
      const ctx = {
        ...world.ctx,
        openDrop: withFault(() => ({ fetch: () => Promise.reject(dropFault('denied', 'hold')) })),
      };
      await deliverDue(ctx);
      const before = statSync(join(acme.folder, `${main.fileName}.sha256`)).ino;
      rmSync(join(acme.folder, main.fileName));
      expect(await resend(ctx, deliveries[0]!)).toBe('pending');
      await deliverDue(ctx);
      expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered', resend: false, error: null });
      expect(acme.read(main.fileName).equals(main.content)).toBe(true);
      expect(statSync(join(acme.folder, `${main.fileName}.sha256`)).ino).toBe(before);
    },
  );

  test('resend refuses other bytes under the name, unless the drop replaces', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries, main } = await world.freeze();
    await deliverDue(world.ctx);
    writeFileSync(join(acme.folder, main.fileName), 'changed by the partner');
    await expect(resend(world.ctx, deliveries[0]!)).rejects.toMatchObject({ code: 'taken', next: 'refuse' });
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered' });
    const drops = new Map([['acme', planOf({ ...acme.spec, replace: true })]]);
    expect(await resend({ ...world.ctx, drops }, deliveries[0]!)).toBe('pending');
    await deliverDue({ ...world.ctx, drops });
    expect(acme.read(main.fileName).equals(main.content)).toBe(true);
  });

  test('resend says when the bytes are no longer kept', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { batchId, deliveries, main } = await world.freeze();
    await deliverDue(world.ctx);
    await world.ctx.store.write(({ knex }) => knex('batches').where({ id: batchId }).update({ expired_at: 1 }));
    await world.spool.remove(main.spool);
    await expect(resend(world.ctx, deliveries[0]!)).rejects.toMatchObject({ code: 'expired', next: 'refuse' });
  });

  test('resend sees that the bytes went while it looked at the drop', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { batchId, deliveries, main } = await world.freeze();
    await deliverDue(world.ctx);
    rmSync(join(acme.folder, main.fileName));
    const expiring = withFault((drop) => ({
      close: async () => {
        await world.ctx.store.write(({ knex }) => knex('batches').where({ id: batchId }).update({ expired_at: 1 }));
        await drop.close();
      },
    }));
    const asked = resend({ ...world.ctx, openDrop: expiring }, deliveries[0]!);
    await expect(asked).rejects.toMatchObject({ code: 'expired', next: 'refuse' });
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered', resend: false });
  });

  test('a resend holds nobody up and goes on where its rename had no answer', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const first = await world.freeze();
    await deliverDue(world.ctx);
    rmSync(join(acme.folder, first.main.fileName));
    await resend(world.ctx, first.deliveries[0]!);
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    rmSync(join(acme.folder, first.main.fileName));
    const second = await world.freeze();
    await deliverDue(world.ctx);
    expect(await world.read(second.deliveries[0])).toMatchObject({ state: 'delivered' });
    await world.skipBackoff();
    await deliverDue(world.ctx);
    expect(await world.read(first.deliveries[0])).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
  });

  test('release lets a held delivery go on: what was unclear counts as looked into, and giving up begins anew', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries, main } = await world.freeze();
    await deliverDue({ ...world.ctx, openDrop: withFault(answerLost) });
    rmSync(join(acme.folder, main.fileName));
    await world.skipBackoff();
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
    await world.set(deliveries[0], { started_at: 1 });
    await release(world.ctx.store, deliveries[0]!);
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending', startedAt: null, error: null });
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered' });
    expect(acme.read(main.fileName).equals(main.content)).toBe(true);
    expect((await world.read(deliveries[0])).startedAt).toBeGreaterThan(1);
  });

  test('release sends no file again that is confirmed', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries, main } = await world.freeze({ sidecar: true });
    const refuseSidecar = withFault((drop) => ({
      put: (file, steps) =>
        file.name.endsWith('.sha256') ? Promise.reject(dropFault('denied', 'hold')) : drop.put(file, steps),
    }));
    expect((await deliverDue({ ...world.ctx, openDrop: refuseSidecar }))[0]).toMatchObject({ state: 'held' });
    rmSync(join(acme.folder, main.fileName));
    await release(world.ctx.store, deliveries[0]!);
    expect((await deliverDue(world.ctx))[0]).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(acme.names()).toEqual([`${main.fileName}.sha256`]);
  });

  test('half done at one place is not finished at another; resend brings everything to the new one', async () => {
    const [acme, moved] = [site(), site()];
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries } = await world.freeze({ sidecar: true });
    const cutSidecar = withFault((drop) => ({
      put: (file, steps) => (file.name.endsWith('.sha256') ? Promise.reject(dropFault('cut')) : drop.put(file, steps)),
    }));
    await deliverDue({ ...world.ctx, openDrop: cutSidecar });
    await world.skipBackoff();
    const ctx = { ...world.ctx, drops: new Map([['acme', planOf(moved.spec)]]) };
    expect((await deliverDue(ctx))[0]).toMatchObject({ state: 'held', errorCode: 'place-changed' });
    expect(await resend(ctx, deliveries[0]!)).toBe('pending');
    expect((await deliverDue(ctx))[0]).toMatchObject({ state: 'delivered' });
    expect(moved.names().length).toBe(2);
  });

  test('settle ends a delivery and frees the strict order behind it', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const first = await world.freeze();
    const second = await world.freeze();
    await world.set(first.deliveries[0], { state: 'held', error: 'x' });
    expect(await deliverDue(world.ctx)).toEqual([]);
    await expect(settle(world.ctx.store, first.deliveries[0]!, '  ')).rejects.toMatchObject({ code: 'reason' });
    await settle(world.ctx.store, first.deliveries[0]!, 'sent by mail');
    expect(await world.read(first.deliveries[0])).toMatchObject({ state: 'settled', settledReason: 'sent by mail' });
    await deliverDue(world.ctx);
    expect(acme.names()).toEqual([second.main.fileName]);
  });

  test('what the state does not allow is refused, with what to do', async () => {
    const world = await makeWorld(await open(), { acme: planOf(site().spec) });
    const { deliveries } = await world.freeze();
    const [id] = deliveries as [number];
    const { store } = world.ctx;
    const refuses = async (code: string, action: Promise<unknown>) =>
      expect(await action.catch((error: unknown) => error)).toMatchObject({ next: 'refuse', code });
    await refuses('missing', release(store, 999));
    await refuses('missing', settle(store, 999, 'x'));
    await refuses('missing', resend(world.ctx, 999));
    await refuses('is-pending', release(store, id));
    await refuses('is-pending', resend(world.ctx, id));
    await world.set(id, { state: 'sending', holder: 'h', leased_until: world.ctx.clock.now() + 20_000 });
    await refuses('is-sending', settle(store, id, 'x'));
    await refuses('is-sending', release(store, id));
    await refuses('is-sending', resend(world.ctx, id));
    await world.set(id, { leased_until: 1 });
    await settle(store, id, 'its sender is gone');
    await refuses('is-settled', settle(store, id, 'x'));
    await refuses('drop-unknown', resend({ ...world.ctx, drops: new Map() }, id));
    expect(await resend(world.ctx, id)).toBe('pending');
    await deliverDue(world.ctx);
    await refuses('is-delivered', settle(store, id, 'x'));
    await refuses('is-delivered', release(store, id));
  });

  test('what was released and held again is not released by a page that is older', async () => {
    const acme = site();
    const world = await makeWorld(await open(), { acme: planOf(acme.spec) });
    const { deliveries, main } = await world.freeze();
    const [id] = deliveries as [number];
    const { store } = world.ctx;
    await world.set(id, { state: 'held', error: 'first reason', error_code: 'unusual' });
    const page = (await world.read(id))!.claim;
    await release(store, id, page);
    writeFileSync(join(acme.folder, main.fileName), 'other bytes');
    await deliverDue(world.ctx);
    expect(await world.read(id)).toMatchObject({ state: 'held', errorCode: 'taken' });
    const again = await release(store, id, page).catch((error: unknown) => error);
    expect(again).toMatchObject({ next: 'refuse', code: 'stale', hint: 'look at it as it is now' });
    expect(again).toMatchObject({ reason: expect.stringContaining('a file of that name is already there') as string });
    await expect(release(store, id, NaN)).rejects.toMatchObject({ code: 'stale' });
    expect(await world.read(id)).toMatchObject({ state: 'held', errorCode: 'taken' });
    await release(store, id, (await world.read(id))!.claim);
    expect(await world.read(id)).toMatchObject({ state: 'pending', errorCode: null });
  });
});

describeStores('pickups', (open) => {
  test('a file that is gone was picked up; where nobody watches or the drop moved nothing is said', async () => {
    const [watched, other] = [makeSite('watched'), makeSite('other')];
    const plans = { watched: planOf(watched.spec, { watchPickup: true }), other: planOf(other.spec) };
    const world = await makeWorld(await open(), plans);
    const { main, deliveries } = await world.freeze();
    const second = await world.freeze();
    await deliverDue(world.ctx);
    expect(await watchPickups(world.ctx)).toEqual([]);
    for (const { folder } of [watched, other]) rmSync(join(folder, main.fileName));
    const moved = new Map([['watched', planOf(makeSite('watched').spec, { watchPickup: true })]]);
    expect(await watchPickups({ ...world.ctx, drops: moved })).toEqual([]);
    expect((await watchPickups(world.ctx)).map(({ id }) => id)).toEqual([deliveries[0]]);
    expect((await world.read(deliveries[0])).pickedUpAt).toBeGreaterThan(0);
    expect((await world.read(deliveries[1])).pickedUpAt).toBeNull();
    expect((await world.read(second.deliveries[0])).pickedUpAt).toBeNull();
    expect(await watchPickups(world.ctx)).toEqual([]);
  });

  test('nobody asks any more once the batch has expired, or 30 days after delivery', async () => {
    const watched = makeSite('watched');
    const world = await makeWorld(await open(), { watched: planOf(watched.spec, { watchPickup: true }) });
    const [recent, old, expired] = [await world.freeze(), await world.freeze(), await world.freeze()];
    await deliverDue(world.ctx);
    for (const name of watched.names()) rmSync(join(watched.folder, name));
    const daysAgo = (days: number) => ({ delivered_at: world.ctx.clock.now() - days * 86_400_000 });
    await world.set(recent.deliveries[0], daysAgo(29));
    await world.set(old.deliveries[0], daysAgo(31));
    const { store } = world.ctx;
    await store.write(({ knex }) => knex('batches').where({ id: expired.batchId }).update({ expired_at: 1 }));
    expect((await watchPickups(world.ctx)).map(({ id }) => id)).toEqual(recent.deliveries);
  });

  test('many files are seen in one list, and one drop in trouble keeps no other waiting', async () => {
    const [broken, watched] = [makeSite('broken'), makeSite('watched')];
    const plans = {
      broken: planOf(broken.spec, { watchPickup: true }),
      watched: planOf(watched.spec, { watchPickup: true }),
    };
    const world = await makeWorld(await open(), plans);
    const batches = [];
    for (let n = 0; n < 17; n++) batches.push(await world.freeze({ bytes: 3 }));
    await deliverDue(world.ctx);
    rmSync(join(watched.folder, batches[4]!.main.fileName));
    let looks = 0;
    const openDrop = withFault((drop, { name }) => {
      if (name === 'broken') throw dropFault('unreachable');
      return { look: (file) => (looks++, drop.look(file)) };
    });
    const taken = await watchPickups({ ...world.ctx, openDrop });
    expect(taken.map(({ batchId }) => batchId)).toEqual([batches[4]!.batchId]);
    expect(looks).toBe(1);
  });
});
