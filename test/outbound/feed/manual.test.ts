import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Batch } from '../../../src/outbound/feed/batch.ts';
import type { FeedContext } from '../../../src/outbound/feed/context.ts';
import type { Feed } from '../../../src/outbound/feed/feed.ts';
import { findFeed } from '../../../src/outbound/feed/feeds.ts';
import { exportToDrops, exportToFile } from '../../../src/outbound/feed/manual.ts';
import { prove } from '../../../src/outbound/feed/prove.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { openAtFence } from '../../../src/store/fence.ts';
import { addTransactions, due, makeContext, makeFeed } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const hour = 3_600_000;

describeStores('a manual export', (open) => {
  const scene = async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [
      { order_id: 'early', created_at: due - 2 * hour, event_date: due },
      { order_id: 'at the start', created_at: due - hour, event_date: due - 5 * hour },
      { order_id: 'last', created_at: due - 1, event_date: due - 5 * hour },
      { order_id: 'at the end', created_at: due, event_date: due - 5 * hour },
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'nightdrop-out-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return { ctx, folder };
  };

  test('holds a half-open frame by creation or by event, and leaves nothing else behind', async () => {
    const { ctx, folder } = await scene();
    const out = join(folder, 'frame.csv');
    const byCreated = { by: 'created', from: due - hour, to: due } as const;
    expect(await exportToFile(ctx, makeFeed(), byCreated, out)).toEqual({ fileName: out, parts: [], rows: 2 });
    expect(await readFile(out, 'utf8')).toBe('orderId,Amount\r\nat the start,12.50\r\nlast,12.50\r\n');
    const byEvent = { by: 'event', from: due, to: due + 1 } as const;
    await exportToFile(ctx, makeFeed(), byEvent, out);
    expect(await readFile(out, 'utf8')).toBe('orderId,Amount\r\nearly,12.50\r\n');
    expect(await readdir(folder)).toEqual(['frame.csv']);
    expect(await readdir(ctx.spool.folder)).toEqual([]);
  });

  test('moves no watermark and takes no number, also when it is delivered', async () => {
    const { ctx } = await scene();
    const feed = makeFeed({ drops: ['folder'] }, { sidecar: 'sha256' });
    const frame = { by: 'created', from: 0, to: due + hour } as const;
    const manual = await exportToDrops(ctx, feed, frame);
    expect(manual).toMatchObject({ kind: 'manual', number: null, rows: 4 });
    expect(manual.fileName).toMatch(/^acme_20261122_manual_\d{8}T\d{6}\.csv$/);
    expect(await ctx.store.read('deliveries').select('drop_name', 'state', 'ordering')).toEqual([
      { drop_name: 'folder', state: 'pending', ordering: 'free' },
    ]);
    expect(await findFeed(ctx.store.read, feed.name)).toBeUndefined();
    const { batch } = await runFeed(ctx, feed, { due, kind: 'schedule' });
    expect(batch).toMatchObject({ number: 1, rows: 4, fromSequence: 0 });
    expect((await prove(ctx.store, ctx.spool)).feeds).toMatchObject([{ batches: 1, transactions: 4, doubled: 0 }]);
  });

  test('a second one in the same second gets another name', async () => {
    const { ctx } = await scene();
    const frame = { by: 'created', from: 0, to: due } as const;
    const first = await exportToDrops(ctx, makeFeed(), frame);
    const second = await exportToDrops(ctx, makeFeed(), frame);
    expect(second.fileName).toBe(first.fileName.replace('.csv', '_2.csv'));
  });

  test('so do several at the same moment, and no two share a name', async () => {
    const { ctx } = await scene();
    const batches = await threeAtOnce(ctx, makeFeed({}, { sidecar: 'sha256' }));
    const names = batches.flatMap(({ fileName, companions }) => [
      fileName,
      ...companions.map((companion) => companion.fileName),
    ]);
    expect(new Set(names).size).toBe(6);
  });

  test('and what is in an archive is called as the archive is', async () => {
    const { ctx } = await scene();
    const batches = await threeAtOnce(ctx, makeFeed({}, { compress: 'zip' }));
    expect(new Set(batches.map(({ fileName }) => fileName)).size).toBe(3);
    for (const { fileName, spool } of batches) {
      const archive = await readFile(ctx.spool.pathOf(spool));
      expect(archive.includes(fileName.replace(/(\.csv)?\.zip$/, '.csv'))).toBe(true);
    }
    expect(await readdir(ctx.spool.folder)).toHaveLength(3);
  });

  /** All have rendered before the first of them looks for a name. */
  const threeAtOnce = (ctx: FeedContext, feed: Feed): Promise<Batch[]> => {
    const frame = { by: 'created', from: 0, to: due } as const;
    const gate = Promise.withResolvers<void>();
    let rendered = 0;
    const openFence: typeof openAtFence = async (...args) => {
      const fence = await openAtFence(...args);
      if (++rendered === 3) gate.resolve();
      await gate.promise;
      return fence;
    };
    const exports = ['a', 'b', 'c'].map((holder) =>
      exportToDrops({ ...ctx, holder, openAtFence: openFence }, feed, frame),
    );
    return Promise.all(exports);
  };

  test('a file that cannot be written says so', async () => {
    const { ctx } = await scene();
    const exporting = exportToFile(ctx, makeFeed(), { by: 'created', from: 0, to: due }, '/nowhere/x.csv');
    await expect(exporting).rejects.toMatchObject({ code: 'missing', object: '/nowhere/x.csv' });
    expect(await readdir(ctx.spool.folder)).toEqual([]);
  });
});
