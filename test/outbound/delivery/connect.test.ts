import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/secret.ts';
import type { Drop, DropSpec, Learned, SftpSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { connect } from '../../../src/outbound/delivery/connect.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { listDrops } from '../../../src/outbound/delivery/drop-list.ts';
import { watchPickups } from '../../../src/outbound/delivery/pickup.ts';
import { trust } from '../../../src/outbound/delivery/trust.ts';
import { describeStores } from '../../stores.ts';
import { dropFault, makeSite, makeWorld, planOf, withFault } from './world.ts';

/** Opens the real drop and says that it has learned this. */
const learning = (learned: Learned, told: (known: Learned | undefined, spec: DropSpec) => void) =>
  (async (spec, signal, known) => {
    told(known, spec);
    return { ...(await openDrop(spec, signal, known)), learned: { ...known, ...learned } };
  }) satisfies typeof openDrop;

const sftp = (changes: Partial<SftpSpec> = {}): SftpSpec => ({
  ...{ kind: 'sftp', name: 'acme', host: 'sftp.acme.example', port: 22, user: 'u', password: new Secret('p') },
  ...{ hostKeys: ['SHA256:pinned'], folder: '/in', concurrency: 1, stepTimeout: 1000, replace: false },
  ...changes,
});

describeStores('a connection to a drop', (open) => {
  test('knows what the one before has learned, until the place changes', async () => {
    const [one, other] = [makeSite('acme'), makeSite('acme')];
    const world = await makeWorld(await open(), { acme: planOf(one.spec) });
    const told: (Learned | undefined)[] = [];
    const teaching = learning({ software: 'Filer 3', writes: 'one' }, (known) => told.push(known));
    for (const site of [one, one, other, one]) {
      const drop = await connect({ ...world.ctx, openDrop: teaching }, planOf(site.spec));
      await drop.close();
      await drop.close();
    }
    const known = { software: 'Filer 3', writes: 'one' };
    expect(told).toEqual([{}, known, {}, {}]);
    expect(await listDrops(world.ctx.store, [one.spec, other.spec])).toMatchObject([
      { drop: 'acme', learned: known, learnedAt: expect.stringMatching(/Z$/) as string },
      { drop: 'acme', learned: null, learnedAt: null },
    ]);
  });

  test('keeps what was learned also when the attempt fails', async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec) });
    await world.freeze();
    const failing = withFault(() => ({ learned: { looks: 'not' }, put: () => Promise.reject(dropFault('blind')) }));
    await deliverDue({ ...world.ctx, openDrop: failing });
    expect(await listDrops(world.ctx.store, [site.spec])).toMatchObject([{ learned: { looks: 'not' }, pending: 1 }]);
  });

  test.each([
    [1, 1],
    [2, 2],
  ])('is one of at most %s, looks for pick-ups included', async (sessions, most) => {
    const site = makeSite('acme');
    const plan = planOf(site.spec, { watchPickup: true, sessions });
    const world = await makeWorld(await open(), { acme: plan });
    await world.freeze();
    await deliverDue(world.ctx);
    await world.freeze();
    let [now, highest] = [0, 0];
    const counting: typeof openDrop = async (...args) => {
      highest = Math.max(highest, ++now);
      const drop = await openDrop(...args);
      // Until as many are there as may be; then long enough for one too many.
      for (let tries = 0; highest < most && tries < 4500; tries++) await pause(20);
      await pause(100);
      const close: Drop['close'] = () => (now--, drop.close());
      return { ...drop, close };
    };
    const ctx = { ...world.ctx, openDrop: counting };
    await Promise.all([deliverDue(ctx), watchPickups(ctx), watchPickups(ctx), watchPickups(ctx)]);
    expect([now, highest]).toEqual([0, most]);
  });

  test('that is waited for can be given up, and one that fails is counted out', async () => {
    const site = makeSite('acme');
    const plan = planOf(site.spec, { sessions: 1 });
    const world = await makeWorld(await open(), { acme: plan });
    const failing = { ...world.ctx, openDrop: () => Promise.reject(dropFault('unreachable')) };
    await expect(connect(failing, plan)).rejects.toMatchObject({ code: 'unreachable' });
    const first = await connect(world.ctx, plan);
    const stop = new AbortController();
    const second = connect(world.ctx, plan, stop.signal);
    stop.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    await first.close();
    await (await connect(world.ctx, plan)).close();
  });

  test('takes the keys trusted since, at this host and port only', async () => {
    const world = await makeWorld(await open(), { acme: planOf(sftp()) });
    const shown = [{ type: 'ssh-ed25519', fingerprint: 'SHA256:new' }];
    const wanted = { fingerprint: 'SHA256:new', shown, by: 'root' };
    const pins: string[][] = [];
    const seeing: typeof openDrop = (spec) => {
      pins.push(spec.kind === 'sftp' ? spec.hostKeys : []);
      return Promise.reject(dropFault('host-key', 'hold'));
    };
    const ctx = { ...world.ctx, openDrop: seeing };
    const { deliveries } = await world.freeze();
    expect(await deliverDue(ctx)).toMatchObject([{ state: 'held', errorCode: 'host-key' }]);
    await expect(trust(ctx, { spec: sftp() }, { ...wanted, fingerprint: 'SHA256:other' })).rejects.toMatchObject({
      code: 'host-key',
      next: 'hold',
      reason: expect.stringContaining('SHA256:new (ssh-ed25519)') as string,
    });
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'held' });
    const { key, released } = await trust(ctx, { spec: sftp() }, wanted);
    expect(key).toMatchObject({ drop: 'acme', host: 'sftp.acme.example', port: 22, by: 'root', type: 'ssh-ed25519' });
    expect(released).toEqual(deliveries);
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending' });
    expect((await trust(ctx, { spec: sftp() }, { ...wanted, by: 'other' })).key).toEqual(key);
    for (const spec of [sftp(), sftp({ port: 2222 }), sftp({ host: 'other.example' }), sftp({ name: 'other' })])
      await connect(ctx, { spec }).catch(() => undefined);
    const pinned = ['SHA256:pinned'];
    expect(pins).toEqual([pinned, [...pinned, 'SHA256:new'], pinned, pinned, pinned]);
    expect((await listDrops(ctx.store, [sftp()]))[0]?.trusted).toMatchObject([
      { fingerprint: 'SHA256:new', by: 'root' },
    ]);
  });

  test('that trusts authorities gets no pins by trusting one certificate', async () => {
    const world = await makeWorld(await open(), {});
    const spec: DropSpec = {
      ...{ kind: 'ftps', name: 'acme', host: 'ftp.acme.example', port: 21, mode: 'explicit', user: 'u', folder: '/in' },
      ...{ password: new Secret('p'), tls: { min: 'TLSv1.2', max: 'TLSv1.3' }, concurrency: 1, stepTimeout: 1000 },
      replace: false,
    };
    const shown = [{ type: 'certificate', fingerprint: 'SHA256:new' }];
    const wanted = { fingerprint: 'SHA256:new', shown, by: 'root' };
    await expect(trust(world.ctx, { spec }, wanted)).rejects.toMatchObject({ code: 'no-pins', next: 'refuse' });
    const pins: unknown[] = [];
    const seeing: typeof openDrop = (given) => {
      pins.push(given.kind === 'ftps' && given.certificates);
      return Promise.reject(dropFault('certificate', 'hold'));
    };
    const pinned = { ...spec, certificates: ['SHA256:old'] };
    await trust(world.ctx, { spec: pinned }, wanted);
    for (const each of [spec, pinned])
      await connect({ ...world.ctx, openDrop: seeing }, { spec: each }).catch(() => undefined);
    expect(pins).toEqual([undefined, ['SHA256:old', 'SHA256:new']]);
  });
});
