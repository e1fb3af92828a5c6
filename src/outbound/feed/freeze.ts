import { reached } from '../../commit-point.ts';
import { Fault } from '../../fault.ts';
import type { Writer } from '../../store/store.ts';
import { assertHeld, claimLost, type Lease } from '../../work/leases.ts';
import { finishOccurrence } from '../../work/occurrences.ts';
import { plan } from '../delivery/deliveries.ts';
import type { Trouble } from '../delivery/delivery.ts';
import { batchFiles } from './batch-files.ts';
import type { Batch } from './batch.ts';
import { findBatches, insertBatch, lastBatch, type NewBatch } from './batches.ts';
import type { FeedContext } from './context.ts';
import type { Feed } from './feed.ts';
import { advanceFeed, type FeedHistory } from './feeds.ts';
import { noteFrozen } from './high-water.ts';
import type { Layout } from './layout.ts';
import { membersText } from './members.ts';
import type { Rendered } from './render.ts';
import type { Membership } from './selection.ts';
import { unusualBatch } from './unusual.ts';

/** Everything that becomes one batch. */
export interface Freezing {
  feed: Feed;
  /** The feed as it stood when rendering began. */
  history: FeedHistory;
  lease: Lease;
  occurrence: { id: number; due: number };
  layout: Layout;
  membership: Membership;
  rendered: Rendered;
}

/**
 * Commit point 4: in one database transaction the batch with its layout, selection and companions, its pending
 * deliveries (held ones, when the batch is beyond the feed's `hold`), the feed's watermark and number, and the end of the
 * occurrence. When another run was first our bytes are dropped and Fault `claim-lost` (retry) is thrown.
 */
export const freeze = async (ctx: FeedContext, freezing: Freezing): Promise<Batch> => {
  const { feed, history, lease, occurrence, membership, rendered } = freezing;
  const held = unusualBatch(feed.hold, { rows: rendered.members.count, sums: rendered.sums });
  const batch = await describeBatch(ctx, freezing);
  reached('4 before freeze');
  const id = await ctx.store
    .write(async (writer) => {
      await assertHeld(writer, lease);
      const to = { number: history.number + 1, watermark: membership.to };
      const from = { number: history.number, watermark: history.watermark };
      const moved = await advanceFeed(writer, { name: feed.name, from, to, selection: membership.selection });
      if (!moved) throw claimLost(feed.name);
      const batchId = await insertBatch(writer, batch);
      await planDeliveries(writer, feed, { batchId, ordering: feed.order, now: batch.frozenAt, ...(held && { held }) });
      await finishOccurrence(writer, { id: occurrence.id, claim: lease.claim }, 'frozen');
      return batchId;
    })
    .catch(async (error: unknown) => {
      const lost = error instanceof Fault && error.code === 'claim-lost';
      if (lost) for (const { spool } of [batch, ...batch.companions]) await ctx.spool.remove(spool);
      throw error;
    });
  reached('4 frozen');
  await noteFrozen(ctx, feed.name, { number: history.number + 1, watermark: membership.to });
  const [frozen] = await findBatches(ctx.store.read, { id });
  if (!frozen) throw new Error(`batch ${id} is not there after it was frozen`);
  return frozen;
};

const describeBatch = async (ctx: FeedContext, freezing: Freezing): Promise<NewBatch> => {
  const { feed, history, occurrence, layout, membership, rendered } = freezing;
  const number = history.number + 1;
  const naming = { due: occurrence.due, number };
  const previous = (await lastBatch(ctx.store.read, feed.name)) ?? null;
  const { from, to } = membership;
  return {
    feed: feed.name,
    kind: 'feed',
    number,
    occurrenceId: occurrence.id,
    fromSequence: from,
    toSequence: to,
    rows: rendered.members.count,
    members: membersText(rendered.members),
    membership,
    layout,
    frozenAt: ctx.clock.now(),
    ...(await batchFiles(ctx, feed, naming, rendered, { from, to, previous })),
  };
};

/** One delivery for each of the feed's drops: pending, or held. */
export const planDeliveries = async (
  writer: Writer,
  feed: Feed,
  planned: { batchId: number; ordering: Feed['order']; now: number; held?: Trouble },
): Promise<void> => {
  for (const dropName of feed.drops) await plan(writer, { ...planned, feed: feed.name, dropName });
};
