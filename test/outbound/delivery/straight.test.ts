import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { release, resend } from '../../../src/outbound/delivery/actions.ts';
import { startProxy } from '../../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd } from '../../servers/sshd.ts';
import { describeStores } from '../../stores.ts';
import type { Sender } from './sender.ts';
import {
  cutBeforeRename,
  dropFault,
  makeSite,
  makeWorld,
  planOf,
  withFault,
  type World,
  type WorldFile,
} from './world.ts';
import { sftpSpec } from '../../drop/sftp/stage.ts';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('a drop that cannot rename', () => {
  let server: Sshd;
  beforeAll(async () => void (server = await startSshd({ sftp: '-P rename,posix-rename' })));
  afterAll(() => server.stop());

  const specOf = (port = server.port) =>
    sftpSpec(server, { name: 'acme', port, concurrency: 4, stepTimeout: 2_000, rename: false });
  const names = () => readdirSync(server.folder).sort();
  const pathOf = (name: string) => join(server.folder, name);
  const empty = () => names().forEach((name) => rmSync(pathOf(name)));
  const isWhole = ({ fileName, content }: WorldFile) =>
    existsSync(pathOf(fileName)) && readFileSync(pathOf(fileName)).equals(content);

  /** The partner: whenever the marker is there, every other file must be whole. */
  const watch = (files: readonly WorldFile[]) => {
    const broken: string[] = [];
    const marker = files.at(-1)?.fileName ?? '';
    const look = () => {
      if (!existsSync(pathOf(marker))) return;
      broken.push(...files.filter((file) => !isWhole(file)).map(({ fileName }) => fileName));
    };
    const timer = setInterval(look, 3);
    return () => {
      clearInterval(timer);
      look();
      return broken;
    };
  };

  const killed = async (world: World, killAt: Sender['killAt'], nth = 1): Promise<void> => {
    const { address } = world.ctx.store;
    const { host, port, user, hostKeys } = specOf();
    const sender: Sender = {
      database: address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url,
      spool: world.spool.folder,
      sftp: { host, port, user, hostKeys, keyFile: server.keys.plain },
      rename: false,
      ...{ killAt, nth },
    };
    const script = join(import.meta.dirname, 'sender.ts');
    const child = spawn(process.execPath, [script, JSON.stringify(sender)], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  };

  const takeUp = async (world: World, openDrop?: World['ctx']['openDrop']) => {
    const uploads: string[] = [];
    const counting = withFault((drop) => ({ put: (file, steps) => (uploads.push(file.name), drop.put(file, steps)) }));
    await world.endLeases();
    await world.skipBackoff();
    await deliverDue({ ...world.ctx, openDrop: openDrop ?? counting });
    return uploads;
  };

  describeStores('deliveries', (open) => {
    test('arrive: the file, then its sidecar, then the marker', async () => {
      empty();
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      const { files } = await world.freeze({ bytes: 3_000_000, sidecar: true, marker: true });
      const before: string[][] = [];
      const seeing = withFault((drop) => ({ put: (file, steps) => (before.push(names()), drop.put(file, steps)) }));
      const broken = watch(files);
      expect(await deliverDue({ ...world.ctx, openDrop: seeing })).toMatchObject([
        { state: 'delivered', seen: 'size' },
      ]);
      expect(broken()).toEqual([]);
      const [file, sidecar] = files.map(({ fileName }) => fileName);
      expect(before).toEqual([[], [file], [file, sidecar]]);
      expect(files.every(isWhole)).toBe(true);
    });

    test('without a marker are held before anything is written', async () => {
      empty();
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      await world.freeze({ sidecar: true });
      expect(await deliverDue(world.ctx)).toMatchObject([{ state: 'held', errorCode: 'no-marker' }]);
      expect(names()).toEqual([]);
    });

    test('killed anywhere: the file comes whole, then the marker, and nothing else is left', async () => {
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      const cases: [Sender['killAt'], nth: number, uploads: ('file' | 'marker')[]][] = [
        ['5 renaming recorded', 1, ['file', 'marker']],
        ['half', 1, ['file', 'marker']],
        ['5 uploaded', 1, ['marker']],
        ['5 renaming recorded', 2, ['marker']],
        ['5 uploaded', 2, []],
      ];
      for (const [point, nth, expected] of cases) {
        empty();
        // Whether the marker was written is not known then, and here the drop says send.
        const unknown = point === '5 renaming recorded' && nth === 2 ? 'send' : 'hold';
        const ctx = { ...world.ctx, drops: new Map([['acme', planOf(specOf(), { unknown })]]) };
        const { files, main, deliveries } = await world.freeze({ bytes: 2_000_000, marker: true });
        const broken = watch(files);
        await killed(world, point, nth);
        const uploads = await takeUp({ ...world, ctx });
        expect(broken(), point).toEqual([]);
        expect(uploads, `${point} ${nth}`).toEqual(
          expected.map((what) => (what === 'file' ? main.fileName : `${main.fileName}.done`)),
        );
        expect(files.every(isWhole)).toBe(true);
        expect(names()).toEqual(files.map(({ fileName }) => fileName).sort());
        expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered' });
      }
    }, 180_000);

    test('killed when the marker may have been written, and it is gone: held, or sent when the drop says so', async () => {
      empty();
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      const { deliveries, files } = await world.freeze({ marker: true });
      await killed(world, '5 uploaded', 2);
      empty();
      expect(await takeUp(world)).toEqual([]);
      expect(await world.read(deliveries[0])).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
      expect(names()).toEqual([]);
      await release(world.ctx.store, deliveries[0] ?? 0);
      expect(await takeUp(world)).toEqual([files[1]?.fileName]);
      expect(await world.read(deliveries[0])).toMatchObject({ state: 'delivered' });
    });

    test('a write that breaks off is gone over again, also after a person released it', async () => {
      empty();
      const proxy = await startProxy(server.port);
      const world = await makeWorld(await open(), { acme: planOf(specOf(proxy.port)) });
      const { files, main, deliveries } = await world.freeze({ bytes: 4_000_000, marker: true });
      const cutting = withFault((drop) => ({
        put: (file, steps) =>
          drop.put(file, {
            ...steps,
            progress: (bytes) => {
              steps.progress?.(bytes);
              if (bytes > 500_000) proxy.cut();
            },
          }),
      }));
      const broken = watch(files);
      expect(await deliverDue({ ...world.ctx, openDrop: cutting })).toMatchObject([{ state: 'pending' }]);
      expect(names()).toEqual([main.fileName]);
      expect(isWhole(main)).toBe(false);
      await world.set(deliveries[0], { state: 'held' });
      await release(world.ctx.store, deliveries[0] ?? 0);
      expect(await takeUp(world)).toEqual(files.map(({ fileName }) => fileName));
      expect(broken()).toEqual([]);
      expect(files.every(isWhole)).toBe(true);
      await proxy.close();
    });

    test('answers that are lost while it is written: looked at, and finished', async () => {
      empty();
      const proxy = await startProxy(server.port);
      const world = await makeWorld(await open(), { acme: planOf(specOf(proxy.port)) });
      const { files } = await world.freeze({ bytes: 400_000, marker: true });
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
      const broken = watch(files);
      expect(await deliverDue({ ...world.ctx, openDrop: swallowing })).toMatchObject([{ state: 'pending' }]);
      proxy.cut();
      proxy.release();
      await takeUp(world);
      expect(broken()).toEqual([]);
      expect(files.every(isWhole)).toBe(true);
      await proxy.close();
    });

    test('a name that somebody else has is left alone', async () => {
      empty();
      const world = await makeWorld(await open(), { acme: planOf(specOf()) });
      const { main } = await world.freeze({ marker: true });
      writeFileSync(pathOf(main.fileName), 'theirs');
      chownSync(pathOf(main.fileName), server.uid, server.gid);
      expect(await takeUp(world)).toEqual([main.fileName]);
      expect(readFileSync(pathOf(main.fileName), 'utf8')).toBe('theirs');
      expect(names()).toEqual([main.fileName]);
    });
  });
});

describeStores('a folder that is written straight', (open) => {
  const setUp = async () => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf({ ...site.spec, rename: false }) });
    return { site, world, frozen: await world.freeze({ marker: true }) };
  };

  test('is told by its digest', async () => {
    const { site, world, frozen } = await setUp();
    expect(await deliverDue(world.ctx)).toMatchObject([{ state: 'delivered', seen: 'digest' }]);
    expect(site.names()).toEqual(frozen.files.map(({ fileName }) => fileName));
  });

  test('a server that says yes and keeps nothing: never delivered, and no marker', async () => {
    const { site, world, frozen } = await setUp();
    const forgetful = withFault((drop) => ({
      put: async (file, steps) => {
        const seen = await drop.put(file, steps);
        rmSync(join(site.folder, file.name));
        return seen === 'size' ? 'no' : seen;
      },
    }));
    for (let tries = 1; tries <= 3; tries++) {
      await world.skipBackoff();
      const [failed] = await deliverDue({ ...world.ctx, openDrop: forgetful });
      expect(failed).toMatchObject({ state: 'pending', errorCode: 'size', attempts: tries });
    }
    expect(site.names()).toEqual([]);
    await world.skipBackoff();
    expect(await deliverDue(world.ctx)).toMatchObject([{ state: 'delivered' }]);
    expect(site.names()).toEqual(frozen.files.map(({ fileName }) => fileName));
  });

  test('sent again by hand: the old marker is taken back before the file is written', async () => {
    const { site, world, frozen } = await setUp();
    await deliverDue(world.ctx);
    rmSync(join(site.folder, frozen.main.fileName));
    expect(await resend(world.ctx, frozen.deliveries[0] ?? 0)).toBe('pending');
    const before: string[][] = [];
    const seeing = withFault((drop) => ({ put: (file, steps) => (before.push(site.names()), drop.put(file, steps)) }));
    expect(await deliverDue({ ...world.ctx, openDrop: seeing })).toMatchObject([{ state: 'delivered' }]);
    expect(before).toEqual([[], [frozen.main.fileName]]);
    expect(site.names()).toEqual(frozen.files.map(({ fileName }) => fileName));
  });

  test('sent again by hand where nobody may look: the old marker is taken back unseen', async () => {
    const { site, world, frozen } = await setUp();
    await deliverDue(world.ctx);
    rmSync(join(site.folder, frozen.main.fileName));
    expect(await resend(world.ctx, frozen.deliveries[0] ?? 0)).toBe('pending');
    const drops = new Map([['acme', planOf({ ...site.spec, rename: false, confirm: 'none' })]]);
    const before: string[][] = [];
    const blind = withFault((drop) => ({
      look: () => Promise.reject(dropFault('blind')),
      put: (file, steps) => (before.push(site.names()), drop.put(file, steps)),
    }));
    expect(await deliverDue({ ...world.ctx, drops, openDrop: blind })).toMatchObject([{ state: 'delivered' }]);
    expect(before).toEqual([[], [frozen.main.fileName]]);
  });

  test('a marker of somebody else is left alone, and nothing is written beside it', async () => {
    const { site, world, frozen } = await setUp();
    writeFileSync(join(site.folder, `${frozen.main.fileName}.done`), 'theirs');
    expect(await deliverDue(world.ctx)).toMatchObject([{ state: 'held', errorCode: 'taken' }]);
    expect(site.names()).toEqual([`${frozen.main.fileName}.done`]);
    expect(site.read(`${frozen.main.fileName}.done`).toString()).toBe('theirs');
  });

  test('a marker that is taken at once is delivered, and taken', async () => {
    const { site, world } = await setUp();
    const taking = withFault((drop) => ({
      put: async (file, steps) => {
        const seen = await drop.put(file, steps);
        if (!file.name.endsWith('.done')) return seen;
        rmSync(join(site.folder, file.name));
        return 'no';
      },
    }));
    expect(await deliverDue({ ...world.ctx, openDrop: taking })).toMatchObject([
      { state: 'delivered', seen: 'digest' },
    ]);
  });

  test('what an attempt with renames has begun is swept, and a straight one never', async () => {
    const { site, world, frozen } = await setUp();
    const renaming = { ...world.ctx, drops: new Map([['acme', planOf(site.spec)]]) };
    const cut = withFault((drop) => cutBeforeRename(drop, site.folder));
    expect(await deliverDue({ ...renaming, openDrop: cut })).toMatchObject([{ errorCode: 'unknown-outcome' }]);
    await world.skipBackoff();
    const broken = withFault(() => ({
      put: async (file, steps) => {
        await steps.renaming();
        writeFileSync(join(site.folder, file.name), 'half');
        throw dropFault('cut');
      },
    }));
    expect(await deliverDue({ ...world.ctx, openDrop: broken })).toMatchObject([{ errorCode: 'cut' }]);
    await world.skipBackoff();
    expect(await deliverDue(world.ctx)).toMatchObject([{ state: 'delivered' }]);
    expect(site.names()).toEqual(frozen.files.map(({ fileName }) => fileName));
    expect(site.read(frozen.main.fileName).equals(frozen.main.content)).toBe(true);
  });
});
