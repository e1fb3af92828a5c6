import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { prove } from '../../../src/outbound/feed/prove.ts';
import { openSpool } from '../../../src/store/spool.ts';
import { addTransactions, due, makeContext, makeFeed } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

/** A disk of its own, as small as one likes. Mounting needs root. */
const smallDisk = (size: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
};

describeStores('when the spool fails', (open) => {
  const scene = async (folder: string) => {
    const ctx = { ...(await makeContext(await open())), spool: await openSpool(folder) };
    await addTransactions(
      ctx.store,
      Array.from({ length: 300 }, (_, i) => ({ city: `${i} `.repeat(200) })),
    );
    const columns = ['orderId', 'city'].map((field) => ({ header: field, field }));
    return { ctx, feed: makeFeed({}, { columns }) };
  };
  const at = (minute: number) => ({ due: due + minute * 60_000, kind: 'schedule' as const });

  test.skipIf(process.getuid?.() !== 0)(
    'a full disk is named, nothing is lost, and the run is taken up again',
    async () => {
      const folder = smallDisk('256k');
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(200_000));
      const { ctx, feed } = await scene(folder);
      await expect(runFeed(ctx, feed, at(0))).rejects.toMatchObject({ code: 'disk-full', next: 'retry' });
      expect(await ctx.store.read('batches').select()).toEqual([]);
      rmSync(join(folder, 'ballast'));
      expect(readdirSync(folder)).toEqual([]);
      const result = await runFeed(ctx, feed, at(1));
      expect(result.resumed).toMatchObject([{ number: 1, rows: 300 }]);
      expect(result.outcome).toBe('empty');
      expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
    },
  );

  test('a spool that is gone is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nightdrop-gone-'));
    const { ctx, feed } = await scene(folder);
    rmSync(folder, { recursive: true });
    await expect(runFeed(ctx, feed, at(0))).rejects.toMatchObject({ code: 'missing', object: folder });
  });

  test.skipIf(process.getuid?.() !== 0)('a read-only spool is named', async () => {
    const folder = smallDisk('256k');
    const { ctx, feed } = await scene(folder);
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    await expect(runFeed(ctx, feed, at(0))).rejects.toMatchObject({ code: 'read-only', next: 'hold' });
    expect(await ctx.store.read('batches').select()).toEqual([]);
  });
});
