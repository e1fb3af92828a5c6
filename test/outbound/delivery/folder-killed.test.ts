import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { describeStores } from '../../stores.ts';
import type { FolderSender } from './folder-sender.ts';
import { makeSite, makeWorld, planOf, withFault } from './world.ts';

describeStores('a folder delivery killed while its file is published', (open) => {
  const killedAt = async (killAt: FolderSender['killAt'], unknown: 'hold' | 'send') => {
    const site = makeSite('acme');
    const world = await makeWorld(await open(), { acme: planOf(site.spec, { unknown }) });
    const { main } = await world.freeze();
    const { address } = world.ctx.store;
    const database = address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url;
    const sender: FolderSender = { database, spool: world.spool.folder, spec: site.spec, killAt };
    const script = join(import.meta.dirname, 'folder-sender.ts');
    const child = spawn(process.execPath, [script, JSON.stringify(sender)], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const uploads: string[] = [];
    const counting = withFault((drop) => ({
      put: (file, steps) => (uploads.push(file.name), drop.put(file, steps)),
    }));
    const takeUp = async () => {
      await world.endLeases();
      return (await deliverDue({ ...world.ctx, openDrop: counting }))[0];
    };
    return { site, main, uploads, takeUp };
  };

  test('after the link, and the partner has taken it: the drop says hold, and nothing is sent again', async () => {
    const { site, main, uploads, takeUp } = await killedAt('unlink', 'hold');
    rmSync(join(site.folder, main.fileName));
    expect(await takeUp()).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
    expect(uploads).toEqual([]);
    expect(site.names()).not.toContain(main.fileName);
  });

  test('after the link, and the partner has taken it: the drop says send, and it is sent once more', async () => {
    const { site, main, uploads, takeUp } = await killedAt('unlink', 'send');
    rmSync(join(site.folder, main.fileName));
    expect(await takeUp()).toMatchObject({ state: 'delivered' });
    expect(uploads).toEqual([main.fileName]);
    expect(site.names()).toEqual([main.fileName]);
  });

  test('after the link, and it lies there: delivered, and what was left is swept', async () => {
    const { site, main, uploads, takeUp } = await killedAt('unlink', 'hold');
    expect(await takeUp()).toMatchObject({ state: 'delivered', seen: 'digest' });
    expect(uploads).toEqual([]);
    expect(site.names()).toEqual([main.fileName]);
  });

  test('just before the link it might have been published as well', async () => {
    const { uploads, takeUp } = await killedAt('link', 'hold');
    expect(await takeUp()).toMatchObject({ state: 'held', errorCode: 'unknown-outcome' });
    expect(uploads).toEqual([]);
  });
});
