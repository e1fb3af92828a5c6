import type { Batch } from '../outbound/feed/batch.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import { exportToDrops, exportToSpool } from '../outbound/feed/manual.ts';
import type { TimeFrame } from '../outbound/feed/time-frame.ts';
import { alone } from './alone.ts';
import { download } from './api/download.ts';
import type { WebContext } from './context.ts';
import { wrongRequest } from './problem.ts';

/** Each writing of a time frame takes two threads, so there is one of a feed at a time. */
const one = <T>(ctx: WebContext, { name }: Feed, work: () => Promise<T>): Promise<T> =>
  alone(ctx, { operation: 'export a time frame of', object: name }, work);

/** The feed, narrowed to these campaigns; the whole of it when none is named. */
export const narrowedTo = (feed: Feed, campaigns: readonly string[]): Feed =>
  campaigns.length === 0 ? feed : { ...feed, selection: { ...feed.selection, campaigns: [...campaigns] } };

/**
 * Writes a time frame of a feed and gives its bytes away; nothing is kept. Faults `busy`, `several-files` (refuse) where
 * the feed splits its files and the rows make more than one.
 */
export const frameFile = (ctx: WebContext, feed: Feed, frame: TimeFrame): Promise<Response> =>
  one(ctx, feed, async () => {
    const { spool, fileName } = await exportToSpool(ctx, feed, frame);
    return download(ctx.spool, { spool, fileName, passing: true });
  });

/** A time frame of a feed as a batch without a number, on its way to the feed's drops. Faults `busy`, `usage` (refuse). */
export const deliverFrame = async (ctx: WebContext, feed: Feed, frame: TimeFrame): Promise<Batch> => {
  if (feed.retired)
    throw wrongRequest(`the feed ${feed.name}`, 'it is retired: its partner gets nothing any more', 'download it');
  return one(ctx, feed, () => exportToDrops(ctx, feed, frame));
};
