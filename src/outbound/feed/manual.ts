import { basename } from 'node:path';
import { Fault } from '../../fault.ts';
import { openAtFence } from '../../store/fence.ts';
import { assertHeld } from '../../work/leases.ts';
import { withLease } from '../../work/with-lease.ts';
import { fenceOptions } from './adopt.ts';
import { batchFiles } from './batch-files.ts';
import type { Batch } from './batch.ts';
import { findBatches, insertBatch, type NewBatch } from './batches.ts';
import type { FeedContext, RunOptions } from './context.ts';
import { copyOut, pathOfPart } from './copy-out.ts';
import type { Feed } from './feed.ts';
import { freeNames } from './file-names.ts';
import { planDeliveries } from './freeze.ts';
import { type Layout, layoutOf } from './layout.ts';
import { membersText } from './members.ts';
import { openPacking } from './packing.ts';
import { type Rendered, renderFile } from './render.ts';
import { type Membership, normal } from './selection.ts';
import type { TimeFrame } from './time-frame.ts';

/*
 * Manual export: a file over a chosen time frame, every row of the feed's selection in it. It moves no watermark and has
 * no number.
 */

interface FrameRequest extends RunOptions {
  frame: TimeFrame;
  /** When it was asked for, milliseconds: a part of its name. */
  asked: number;
  /** The final name of each part, from 1. */
  nameOf(part: number): string;
}

/** Renders the frame into the spool. An empty frame makes a file without rows. */
const renderFrame = async (
  ctx: FeedContext,
  feed: Feed,
  { frame, asked, nameOf, ...options }: FrameRequest,
): Promise<Rendered & { layout: Layout }> => {
  const { partner, include } = feed;
  const packing = await openPacking(feed, { due: asked, now: ctx.clock.now() });
  const layout = layoutOf(feed);
  const rendered = await renderFile(
    {
      store: ctx.store,
      spool: ctx.spool,
      job: { layout, rule: { partner, include, selection: normal(feed.selection) }, frame },
      from: 0,
      stages: (part) => packing.stages(nameOf(part)),
      sums: feed.file.sidecar === 'manifest',
      openAtFence: ctx.openAtFence ?? openAtFence,
      fence: fenceOptions(options),
      ...(options.progress && { progress: options.progress }),
    },
    true,
  );
  if (rendered) return { ...rendered, layout: { ...layout, ...packing.kept } };
  throw new Error('a manual export always has a file');
};

/** A manual export to a local file; where the feed splits its files, `parts` lie beside it (`pathOfPart`). */
export const exportToFile = async (
  ctx: FeedContext,
  feed: Feed,
  frame: TimeFrame,
  out: string,
  options: RunOptions = {},
): Promise<{ fileName: string; parts: string[]; rows: number }> => {
  const nameOf = (part: number) => basename(pathOfPart(out, part));
  const rendered = await renderFrame(ctx, feed, { ...options, frame, asked: ctx.clock.now(), nameOf });
  try {
    const spooled = rendered.files.map(({ spool }) => ctx.spool.pathOf(spool));
    const [, ...parts] = await copyOut(spooled, out, feed.file.split !== undefined);
    return { fileName: out, parts, rows: rendered.members.count };
  } finally {
    for (const { spool } of rendered.files) await ctx.spool.remove(spool);
  }
};

const severalFiles = ({ name }: Feed, count: number): Fault =>
  new Fault({
    operation: 'export',
    object: name,
    reason: `the feed splits its files, and these rows make ${count}`,
    hint: 'choose a shorter time frame, deliver it, or use "nightdrop export --out"',
    next: 'refuse',
    code: 'several-files',
  });

/**
 * A manual export as one file in the spool, for somebody who takes it away at once: the caller removes it. Fault
 * `several-files` (refuse) where the feed splits its files and the rows make more than one.
 */
export const exportToSpool = async (
  ctx: FeedContext,
  feed: Feed,
  frame: TimeFrame,
  options: RunOptions = {},
): Promise<{ spool: string; fileName: string; rows: number }> => {
  const asked = ctx.clock.now();
  const { part: nameOf } = await freeNames(ctx, feed, { due: asked });
  const { files, members } = await renderFrame(ctx, feed, { ...options, frame, asked, nameOf });
  const [file] = files;
  if (file && files.length === 1) return { spool: file.spool, fileName: nameOf(1), rows: members.count };
  for (const { spool } of files) await ctx.spool.remove(spool);
  throw severalFiles(feed, files.length);
};

/** A manual export to the feed's drops: kept as a batch without number, with pending deliveries. */
export const exportToDrops = async (
  ctx: FeedContext,
  feed: Feed,
  frame: TimeFrame,
  options: RunOptions = {},
): Promise<Batch> => {
  const asked = ctx.clock.now();
  for (let parts = 1; ;) {
    const { part: nameOf } = await freeNames(ctx, feed, { due: asked }, parts);
    const rendered = await renderFrame(ctx, feed, { ...options, frame, asked, nameOf });
    const id = await nameAndKeep(ctx, feed, { asked, nameOf }, rendered, options);
    if (id !== undefined) return theBatch(ctx, id);
    for (const { spool } of rendered.files) await ctx.spool.remove(spool);
    parts = rendered.files.length;
  }
};

const theBatch = async (ctx: FeedContext, id: number): Promise<Batch> => {
  const [kept] = await findBatches(ctx.store.read, { id });
  if (!kept) throw new Error(`batch ${id} is not there after it was written`);
  return kept;
};

/** An archive and an encrypted file hold the name of the file that is in them. */
const holdsItsName = ({ file }: Feed): boolean => file.compress === 'zip' || file.encrypt !== undefined;

const leaseMs = 15_000;
const patienceMs = 60_000;

/**
 * Names and batch under one lease of the feed's manual exports, as two of them in one second would choose the same names.
 * Undefined when another one has taken the name meanwhile that stands in the file: it must be made anew.
 */
const nameAndKeep = async (
  ctx: FeedContext,
  feed: Feed,
  { asked, nameOf }: Pick<FrameRequest, 'asked' | 'nameOf'>,
  rendered: Rendered & { layout: Layout },
  { signal, onWait }: RunOptions,
): Promise<number | undefined> => {
  const use = {
    leaseMs,
    waitMs: patienceMs,
    ...(signal && { signal }),
    onWait: ({ holder }: { holder: string }) => onWait?.(`another manual export of ${feed.name} (${holder})`),
  };
  const named = await withLease(ctx.store, `manual:${feed.name}`, ctx.holder, use, async (lease) => {
    if (holdsItsName(feed)) {
      const { part } = await freeNames(ctx, feed, { due: asked }, rendered.files.length);
      if (part(1) !== nameOf(1)) return undefined;
    }
    const batch = await describeManual(ctx, feed, asked, rendered);
    return ctx.store.write(async (writer) => {
      await assertHeld(writer, lease);
      const batchId = await insertBatch(writer, batch);
      // Free, for a manual file has no place among the numbered ones and must never hold them up.
      await planDeliveries(writer, feed, { batchId, ordering: 'free', now: batch.frozenAt });
      return batchId;
    });
  });
  if (!named.busy) return named.result;
  throw new Fault({
    operation: 'export',
    object: feed.name,
    reason: `another manual export of it is being written (${named.holder})`,
    hint: 'try again in a moment',
    next: 'retry',
    code: 'feed-busy',
  });
};

const describeManual = async (
  ctx: FeedContext,
  feed: Feed,
  asked: number,
  rendered: Rendered & { layout: Layout },
): Promise<NewBatch> => {
  const { members } = rendered;
  const { partner, include } = feed;
  const membership: Membership = { partner, include, selection: normal(feed.selection), from: 0, to: rendered.fence };
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
    layout: rendered.layout,
    frozenAt: ctx.clock.now(),
    ...(await batchFiles(ctx, feed, { due: asked }, rendered, { from: null, to: null, previous: null })),
  };
};
