import { expect, onTestFinished, test } from 'vitest';
import type { SftpSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { Secret } from '../../../src/secret.ts';
import { describeStores } from '../../stores.ts';
import { makeWorld, planOf } from './world.ts';
import { startSilent } from '../../servers/silent.ts';
import { until } from '../../until.ts';

/** A drop at a server that never says a word. */
const silentDrop = async () => {
  const { port, connected, stop } = await startSilent();
  onTestFinished(stop);
  const spec: SftpSpec = {
    kind: 'sftp',
    name: 'acme',
    host: '127.0.0.1',
    port,
    user: 'u',
    password: new Secret('p'),
    hostKeys: ['SHA256:x'],
    folder: '/in',
    concurrency: 1,
    stepTimeout: 3_600_000,
    replace: false,
  };
  return { spec, connected };
};

test('a connection that is being made ends when it is told to stop', async () => {
  const { spec, connected } = await silentDrop();
  const stop = new AbortController();
  const opening = openDrop(spec, stop.signal);
  opening.catch(() => undefined);
  await until(() => connected() === 1, 'it is connected');
  stop.abort();
  await expect(opening).rejects.toMatchObject({ name: 'Fault', next: 'retry' });
  await until(() => connected() === 0, 'it is gone');
  await expect(openDrop(spec, stop.signal)).rejects.toMatchObject({ name: 'Fault', next: 'retry' });
});

describeStores('deliveries told to stop', (open) => {
  test('leave no connection attempt behind', async () => {
    const { spec, connected } = await silentDrop();
    const world = await makeWorld(await open(), { acme: planOf(spec) });
    const { deliveries } = await world.freeze();
    const stop = new AbortController();
    const delivering = deliverDue(world.ctx, { signal: stop.signal, graceMs: 1 });
    await until(() => connected() === 1, 'it is connected');
    stop.abort();
    await delivering;
    await until(() => connected() === 0, 'it is gone');
    expect(await world.read(deliveries[0])).toMatchObject({ state: 'pending', error: null });
  });
});
