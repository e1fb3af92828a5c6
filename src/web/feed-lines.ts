import type { Feed } from '../outbound/feed/feed.ts';
import { type FeedLine, listFeeds } from '../outbound/feed/feed-list.ts';
import type { WebContext } from './context.ts';
import type { KnownCall } from './route.ts';

/** Feeds as this asker may see them: beyond which bounds a file waits concerns those who release it. */
export const feedLines = async (ctx: WebContext, call: KnownCall, feeds: readonly Feed[]): Promise<FeedLine[]> => {
  const lines = await listFeeds(ctx.store, feeds, ctx.clock.now());
  return call.may('deliveries.release', {}) ? lines : lines.map(({ hold: _, ...line }) => line);
};
