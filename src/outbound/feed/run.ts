import { reached } from '../../commit-point.ts';
import { Fault } from '../../fault.ts';
import { lastSequence, openAtFence } from '../../store/fence.ts';
import { newestSequence, rawRows } from '../../store/store.ts';
import { assertHeld, type Lease } from '../../work/leases.ts';
import {
  claimOccurrence,
  finishOccurrence,
  type OccurrenceKind,
  resumeOccurrence,
  unfinishedOccurrences,
} from '../../work/occurrences.ts';
import { adoptFeed, fenceOptions } from './adopt.ts';
import type { Batch } from './batch.ts';
import { findBatches } from './batches.ts';
import type { FeedContext, RunOptions } from './context.ts';
import type { Feed } from './feed.ts';
import { findFeed, type FeedHistory } from './feeds.ts';
import { freeNames, type Naming } from './file-names.ts';
import { freeze } from './freeze.ts';
import { refuseBrokenHistory } from './history.ts';
import { refuseOlderDatabase } from './high-water.ts';
import { holdFeed } from './hold.ts';
import { type Layout, layoutOf } from './layout.ts';
import { memberAggregate } from './member-query.ts';
import { openPacking } from './packing.ts';
import { type Rendered, renderFile } from './render.ts';
import { isWidened, lowest, type Membership, normal, segmentsOf } from './selection.ts';
import { clearTrouble } from './troubles.ts';

export interface RunRequest extends RunOptions {
  /** Milliseconds. */
  due: number;
  kind: OccurrenceKind;
  /** How long to wait for another run of the same feed, milliseconds; 0: not at all. */
  waitMs?: number;
}

/**
 * `frozen` a batch; `empty` nothing was new; `done` the occurrence was finished before; `busy` another run of the feed is
 * under way. `resumed` are batches of earlier occurrences that had been left unfinished.
 */
export interface RunResult {
  outcome: 'frozen' | 'empty' | 'done' | 'busy';
  batch?: Batch;
  resumed: Batch[];
}

/**
 * Commit points 1 to 4: claims the occurrence, finishes first what an earlier run of the feed left unfinished, renders
 * what is new and freezes it with its pending deliveries. Delivers nothing itself.
 */
export const runFeed = async (ctx: FeedContext, feed: Feed, request: RunRequest): Promise<RunResult> => {
  const held = await holdFeed(ctx, feed.name, request, (lease, signal) =>
    runUnderLease(ctx, feed, { ...request, signal }, lease),
  );
  if (held.busy) return { outcome: 'busy', resumed: [] };
  await clearTrouble(ctx.store, feed.name);
  return held.result;
};

/** What all steps of one run share. */
interface Run {
  ctx: FeedContext;
  feed: Feed;
  options: RunOptions;
  lease: Lease;
}

interface Occurrence {
  id: number;
  due: number;
}

const runUnderLease = async (ctx: FeedContext, feed: Feed, request: RunRequest, lease: Lease): Promise<RunResult> => {
  const run: Run = { ctx, feed, options: request, lease };
  await adoptFeed(ctx, feed, request);
  await refuseBrokenHistory(ctx.store, feed);
  const resumed: Batch[] = [];
  for (const left of await unfinishedOccurrences(ctx.store.read, feed.name)) {
    await ctx.store.write(async (writer) => {
      await assertHeld(writer, lease);
      await resumeOccurrence(writer, { id: left.id, claim: lease.claim });
    });
    const batch = await runOccurrence(run, left);
    if (batch) resumed.push(batch);
  }
  // 1. Claim the occurrence: unique (feed, due time), under the claim number of the feed's lease.
  const occurrence = await ctx.store.write(async (writer) => {
    await assertHeld(writer, lease);
    return claimOccurrence(writer, { feed: feed.name, due: request.due, kind: request.kind, claim: lease.claim });
  });
  if (occurrence === 'done') return { outcome: 'done', resumed };
  reached('1 claimed');
  const batch = await runOccurrence(run, occurrence);
  return batch ? { outcome: 'frozen', batch, resumed } : { outcome: 'empty', resumed };
};

/** Points 2 to 4 for one claimed occurrence. Undefined when the window was empty and is skipped. */
const runOccurrence = async (run: Run, occurrence: Occurrence): Promise<Batch | undefined> => {
  const { ctx, feed, lease } = run;
  const history = await findFeed(ctx.store.read, feed.name);
  if (!history) throw new Error(`the feed ${feed.name} has no history`);
  await refuseToGoBack(ctx, history);
  const planned = await planMembership(ctx, feed, history);
  const worthwhile = feed.empty === 'header-only' || (await mayHaveMembers(ctx, planned));
  const naming = { due: occurrence.due, number: history.number + 1 };
  const rendered = worthwhile ? await render(run, planned, naming) : undefined;
  if (rendered) {
    // 4. Freeze.
    const membership = { ...planned, to: rendered.fence };
    return freeze(ctx, { feed, history, lease, occurrence, layout: rendered.layout, membership, rendered });
  }
  await ctx.store.write(async (writer) => {
    await assertHeld(writer, lease);
    await finishOccurrence(writer, { id: occurrence.id, claim: lease.claim }, 'empty');
  });
  return undefined;
};

/**
 * Throws Fault `database-older`, `database-other` or `fence-behind` (hold): only a database that was restored or exchanged,
 * or whose sequence was set back, can be there.
 */
const refuseToGoBack = async (ctx: FeedContext, history: FeedHistory): Promise<void> => {
  const { name, watermark } = history;
  await refuseOlderDatabase(ctx, name, history);
  const last = await lastSequence(ctx.store);
  if (last >= watermark) return;
  throw new Fault({
    operation: 'run the feed',
    object: name,
    reason: `the journal ends at ${last}, behind the feed's watermark ${watermark}`,
    hint: "the database was restored or the journal's sequence was set back: set it to at least the watermark again",
    next: 'hold',
    code: 'fence-behind',
  });
};

/** 2. Fence, then open the snapshot. 3. Render into the spool. */
const render = async (
  { ctx, feed, options }: Run,
  planned: Membership,
  naming: Naming,
): Promise<(Rendered & { layout: Layout }) | undefined> => {
  const packing = await openPacking(feed, { due: naming.due, now: ctx.clock.now() });
  const names = await freeNames(ctx, feed, naming);
  const layout = layoutOf(feed);
  const rendered = await renderFile(
    {
      store: ctx.store,
      spool: ctx.spool,
      job: { layout, rule: planned },
      from: lowest(planned),
      stages: (part) => packing.stages(names.part(part)),
      sums: feed.file.sidecar === 'manifest' || feed.hold?.amountOver !== undefined,
      openAtFence: ctx.openAtFence ?? openAtFence,
      fence: fenceOptions(options),
      ...(options.progress && { progress: options.progress }),
    },
    feed.empty === 'header-only',
  );
  return rendered && { ...rendered, layout: { ...layout, ...packing.kept } };
};

/** The next batch's members: after the watermark, and after a widened selection with `backfill: yes` what it missed before. */
const planMembership = async (ctx: FeedContext, feed: Feed, history: FeedHistory): Promise<Membership> => {
  const { partner, include } = feed;
  const selection = normal(feed.selection);
  const membership: Membership = { partner, include, selection, from: history.watermark, to: history.watermark };
  if (feed.backfill !== true || !isWidened(history.selection, selection)) return membership;
  const batches = await findBatches(ctx.store.read, { feed: feed.name, kind: 'feed' });
  const covered = segmentsOf(batches.map((batch) => batch.membership));
  return { ...membership, backfillFrom: history.startedFrom, covered };
};

/** A longer stretch of the journal is looked at by the render thread, not here on the main one. */
const cheapLook = 20_000;

/** A cheap look before the fence: what is not visible yet will be in a later file. */
const mayHaveMembers = async ({ store: { read } }: FeedContext, membership: Membership): Promise<boolean> => {
  const newest = await newestSequence(read);
  const from = lowest(membership);
  if (newest - from > cheapLook) return true;
  const query = memberAggregate(membership, '1 as found');
  return (await rawRows(read, `${query.sql} limit 1`, query.parameters(from, newest))).length > 0;
};
