import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { asFault } from '../../fault.ts';
import { openAtFence } from '../../store/fence.ts';
import { fenceOptions } from './adopt.ts';
import type { Batch } from './batch.ts';
import { findBatches, insertBatch, type NewBatch } from './batches.ts';
import type { FeedContext, RunOptions } from './context.ts';
import type { Feed } from './feed.ts';
import { freeNames } from './file-names.ts';
import { planDeliveries } from './freeze.ts';
import { membersText } from './members.ts';
import { type Rendered, renderFile } from './render.ts';
import { layoutOf } from './run.ts';
import { type Membership, normal } from './selection.ts';
import { makeCompanions } from './sidecar.ts';
import type { TimeFrame } from './time-frame.ts';

/*
 * Manual export: a file over a chosen time frame, every row of the feed's selection in it. It moves no watermark and has
 * no number.
 */

/** Renders the frame into the spool. An empty frame makes a file without rows. */
const renderFrame = async (ctx: FeedContext, feed: Feed, frame: TimeFrame, options: RunOptions): Promise<Rendered> => {
  const { partner, include } = feed;
  const rendered = await renderFile(
    {
      store: ctx.store,
      spool: ctx.spool,
      job: { layout: layoutOf(feed), rule: { partner, include, selection: normal(feed.selection) }, frame },
      from: 0,
      compress: feed.file.compress,
      sums: feed.file.sidecar === 'manifest',
      openAtFence: ctx.openAtFence ?? openAtFence,
      fence: fenceOptions(options),
      ...(options.progress && { progress: options.progress }),
    },
    true,
  );
  if (rendered) return rendered;
  throw new Error('a manual export always has a file');
};

/** Copies the bytes beside `path` first and renames them, so that a file of that name is always whole. */
const copyOut = async (from: string, path: string): Promise<void> => {
  const partial = `${path}.${randomUUID()}.part`;
  try {
    const handle = await open(partial, 'w');
    await pipeline(createReadStream(from), handle.createWriteStream({ flush: true }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw asFault(error, 'write', path);
  }
};

/** A manual export to a local file. Resolves to the number of rows. */
export const exportToFile = async (
  ctx: FeedContext,
  feed: Feed,
  frame: TimeFrame,
  out: string,
  options: RunOptions = {},
): Promise<{ fileName: string; rows: number }> => {
  const rendered = await renderFrame(ctx, feed, frame, options);
  try {
    await copyOut(ctx.spool.pathOf(rendered.spool), out);
  } finally {
    await ctx.spool.remove(rendered.spool);
  }
  return { fileName: out, rows: rendered.members.count };
};

/** A manual export to the feed's drops: kept as a batch without number, with pending deliveries. */
export const exportToDrops = async (
  ctx: FeedContext,
  feed: Feed,
  frame: TimeFrame,
  options: RunOptions = {},
): Promise<Batch> => {
  const rendered = await renderFrame(ctx, feed, frame, options);
  const batch = await describeManual(ctx, feed, rendered);
  const id = await ctx.store.write(async (writer) => {
    const batchId = await insertBatch(writer, batch);
    // Free, for a manual file has no place among the numbered ones and must never hold them up.
    await planDeliveries(writer, feed, { batchId, ordering: 'free', now: batch.frozenAt });
    return batchId;
  });
  const [kept] = await findBatches(ctx.store.read, { id });
  if (!kept) throw new Error(`batch ${id} is not there after it was written`);
  return kept;
};

const describeManual = async (ctx: FeedContext, feed: Feed, rendered: Rendered): Promise<NewBatch> => {
  const names = await freeNames(ctx, feed, { due: ctx.clock.now() });
  const fileName = names.file;
  const { bytes, sha256, sums, spool, members } = rendered;
  const { partner, include } = feed;
  const membership: Membership = { partner, include, selection: normal(feed.selection), from: 0, to: rendered.fence };
  const facts = { feed: feed.name, number: null, fileName, rows: members.count, bytes, sha256, sums };
  return {
    feed: feed.name,
    kind: 'manual',
    number: null,
    occurrenceId: null,
    fromSequence: null,
    toSequence: null,
    rows: members.count,
    members: membersText(members),
    membership,
    layout: layoutOf(feed),
    fileName,
    spool,
    bytes,
    sha256,
    frozenAt: ctx.clock.now(),
    companions: await makeCompanions(ctx.spool, feed.file.sidecar, names, {
      ...facts,
      from: null,
      to: null,
      previous: null,
    }),
  };
};
