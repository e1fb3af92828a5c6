import { Fault } from '../../fault.ts';
import { openAtFence } from '../../store/fence.ts';
import type { FeedContext, RunOptions } from './context.ts';
import type { Feed } from './feed.ts';
import { type FeedHistory, findFeed, insertFeed, renameFeed } from './feeds.ts';
import { noteFrozen, refuseOlderDatabase } from './high-water.ts';
import { holdFeed } from './hold.ts';
import { normal } from './selection.ts';

/** How long a run waits for open database transactions that may still commit below its fence. */
export const fencePatienceMs = 60_000;

export const fenceOptions = ({ signal, onWait }: RunOptions) => ({
  patience: fencePatienceMs,
  ...(signal && { signal }),
  onWait: (sessions: string[]) => onWait?.(`a database transaction that is still open: ${sessions.join('; ')}`),
});

/**
 * The feed's history; when it has none, takes over that of its former name, or makes the first line. With
 * `startAt: now` a feed begins at the fence of this moment, once and for all. Faults: `feed-renamed` (refuse) when the
 * feed goes on under another name, `feed-busy` (retry) when its former name is at work.
 */
export const adoptFeed = async (ctx: FeedContext, feed: Feed, options: RunOptions): Promise<FeedHistory> => {
  const known = await findFeed(ctx.store.read, feed.name);
  if (known?.renamedTo === null) return known;
  const former = feed.formerly === undefined ? undefined : await findFeed(ctx.store.read, feed.formerly);
  if (former?.renamedTo === null) await takeOver(ctx, former.name, feed, options);
  else if (known) throw renamed(feed.name, String(known.renamedTo));
  else await begin(ctx, feed, options);
  const adopted = await findFeed(ctx.store.read, feed.name);
  if (adopted?.renamedTo === null) return adopted;
  throw renamed(feed.name, adopted?.renamedTo ?? 'another name');
};

const begin = async (ctx: FeedContext, feed: Feed, options: RunOptions): Promise<void> => {
  const startedFrom = feed.startAt === 'now' ? await fenceNow(ctx, options) : 0;
  await ctx.store.write((writer) => insertFeed(writer, firstLine(feed, startedFrom, ctx.clock.now())));
};

const takeOver = async (ctx: FeedContext, formerly: string, feed: Feed, options: RunOptions): Promise<void> => {
  const held = await holdFeed(ctx, formerly, { ...options, waitMs: fencePatienceMs }, async () => {
    const former = await findFeed(ctx.store.read, formerly);
    if (former?.renamedTo !== null) return;
    await refuseOlderDatabase(ctx, formerly, former);
    await ctx.store.write(async (writer) => {
      const still = await findFeed(writer.knex, formerly);
      if (still?.renamedTo === null) await renameFeed(writer, formerly, feed.name);
    });
    if (former.number > 0) await noteFrozen(ctx, feed.name, former);
  });
  if (!held.busy) return;
  throw new Fault({
    operation: 'go on under a new name with the feed',
    object: formerly,
    reason: `a run of it is under way (${held.holder})`,
    hint: 'it is tried again; give the new configuration to every process (SIGHUP)',
    next: 'retry',
    code: 'feed-busy',
  });
};

const renamed = (name: string, to: string): Fault =>
  new Fault({
    operation: 'run the feed',
    object: name,
    reason: `it goes on under the name "${to}"`,
    hint: 'this process has an old configuration: send it SIGHUP, or correct the name',
    next: 'refuse',
    code: 'feed-renamed',
  });

const fenceNow = (ctx: FeedContext, options: RunOptions): Promise<number> =>
  (ctx.openAtFence ?? openAtFence)(ctx.store, () => Promise.resolve(), fenceOptions(options));

const firstLine = (feed: Feed, startedFrom: number, now: number): Omit<FeedHistory, 'renamedTo'> => ({
  name: feed.name,
  partner: feed.partner,
  include: feed.include,
  selection: normal(feed.selection),
  startedFrom,
  watermark: startedFrom,
  number: 0,
  knownSince: now,
});
