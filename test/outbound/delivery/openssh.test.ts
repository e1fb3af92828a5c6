import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommitPoint } from '../../../src/commit-point.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { startProxy } from '../../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd } from '../../servers/sshd.ts';
import { describeStores } from '../../stores.ts';
import type { Sender } from './sender.ts';
import { makeWorld, planOf, withFault, type World } from './world.ts';
import { sftpSpec } from '../../drop/sftp/stage.ts';
import { until } from '../../until.ts';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('with OpenSSH', () => {
  let server: Sshd;
  beforeAll(async () => void (server = await startSshd()));
  afterAll(() => server.stop());

  const specOf = (port = server.port) => sftpSpec(server, { name: 'acme', port, stepTimeout: 2_000 });
  const names = () => readdirSync(server.folder).sort();
  const read = (name: string) => readFileSync(join(server.folder, name));
  const empty = () => names().forEach((name) => rmSync(join(server.folder, name)));

  /** Delivers in a process of its own, which is killed at that point. */
  const killedAt = async (killAt: CommitPoint, world: World): Promise<void> => {
    const { address } = world.ctx.store;
    const { host, port, user, hostKeys } = specOf();
    const sender: Sender = {
      database: address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url,
      spool: world.spool.folder,
      sftp: { host, port, user, hostKeys, keyFile: server.keys.plain },
      killAt,
    };
    const child = spawn(process.execPath, [join(import.meta.dirname, 'sender.ts'), JSON.stringify(sender)], {
      stdio: 'inherit',
    });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
  };

  /** Delivers what the killed process left, counting uploads. */
  const takeUp = async (world: World) => {
    const uploads: string[] = [];
    const counting = withFault((drop) => ({
      put: (file, steps) => (uploads.push(file.name), drop.put(file, steps)),
    }));
    await world.endLeases();
    await deliverDue({ ...world.ctx, openDrop: counting });
    return uploads;
  };

  describeStores('deliveries', (open) => {
    test('arrive, and the size is the receipt', async () => {
      empty();
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      const { files } = await world.freeze({ bytes: 3_000_000, sidecar: true });
      const started = await deliverDue(world.ctx);
      expect(started).toMatchObject([{ state: 'delivered', seen: 'size' }]);
      expect(names()).toEqual(files.map(({ fileName }) => fileName));
      for (const { fileName, content } of files) expect(read(fileName).equals(content)).toBe(true);
    });

    test('a rename whose answer is swallowed is found, read back, and not sent again', async () => {
      empty();
      const proxy = await startProxy(server.port);
      const world = await makeWorld(await open(), { acme: planOf(specOf(proxy.port)) });
      const { main } = await world.freeze({ bytes: 300_000 });
      const swallowing = withFault((drop) => ({
        put: (file, steps) =>
          drop.put(file, {
            ...steps,
            renaming: async () => {
              await steps.renaming();
              proxy.swallow('down');
            },
          }),
      }));
      const [failed] = await deliverDue({ ...world.ctx, openDrop: swallowing });
      expect(failed).toMatchObject({ state: 'pending', errorCode: 'unknown-outcome' });
      await until(() => names().includes(main.fileName), 'the server has renamed it');
      proxy.release();
      await world.skipBackoff();
      const openOnly = withFault(() => ({ put: () => Promise.reject(new Error('a second upload')) }));
      const done = await deliverDue({ ...world.ctx, openDrop: openOnly });
      expect(done).toMatchObject([{ state: 'delivered', seen: 'digest', attempts: 2 }]);
      expect(names()).toEqual([main.fileName]);
      expect(read(main.fileName).equals(main.content)).toBe(true);
      await proxy.close();
    });

    test('killed at each commit point: the file arrives whole, once, and nothing of ours is left', async () => {
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      const expected: [CommitPoint, uploads: number][] = [
        ['5 attempt recorded', 1],
        ['5 uploading', 1],
        ['5 uploaded', 1],
        ['5 renaming recorded', 1],
        ['5 renamed', 0],
        ['6 before receipt', 0],
        ['6 receipt', 0],
        ['6 swept', 0],
      ];
      for (const [point, uploads] of expected) {
        empty();
        const { main, deliveries } = await world.freeze({ bytes: 100_000 });
        await killedAt(point, world);
        const sent = await takeUp(world);
        expect({ point, uploads: sent.length }).toEqual({ point, uploads });
        expect(names()).toEqual([main.fileName]);
        expect(read(main.fileName).equals(main.content)).toBe(true);
        expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered' });
      }
    });

    test('killed after the rename, and the partner has taken the file: never sent again by itself', async () => {
      empty();
      const world = await makeWorld(await open(), { acme: planOf(specOf(), { unknown: 'hold' }) });
      const ends: [CommitPoint, object][] = [
        // The answer was not recorded: we cannot know.
        ['5 renamed', { state: 'held', errorCode: 'unknown-outcome' }],
        // It was.
        ['6 before receipt', { state: 'delivered', seen: 'no' }],
      ];
      for (const [point, end] of ends) {
        const { deliveries } = await world.freeze({ ordering: 'free' });
        await killedAt(point, world);
        empty();
        expect(await takeUp(world)).toEqual([]);
        expect(await world.read(deliveries[0])).toMatchObject(end);
        expect(names()).toEqual([]);
      }
    });

    test('a key that is not pinned: held, and both fingerprints are shown', async () => {
      empty();
      const pinned = { ...specOf(), hostKeys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] };
      const world = await makeWorld(await open(), { acme: planOf(pinned) });
      await world.freeze();
      const [held] = await deliverDue({ ...world.ctx, openDrop });
      expect(held).toMatchObject({ state: 'held', errorCode: 'host-key' });
      expect(held!.error).toContain(server.fingerprints().ed25519);
      expect(held!.error).toContain(pinned.hostKeys[0]);
    });
  });
});
