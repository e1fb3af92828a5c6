import { z } from '@hono/zod-openapi';
import type { Feed } from '../../outbound/feed/feed.ts';
import { previewFeeds } from '../../outbound/feed/feed-schedule.ts';
import type { WebContext } from '../context.ts';
import { feedLines } from '../feed-lines.ts';
import type { Reach } from '../people/may.ts';
import { pagedList } from './cursor.ts';
import { nothingHere } from '../problem.ts';
import { type Endpoint, listOf, ofOne } from './endpoint.ts';
import { feedIn, feedParams } from './exports.ts';
import { feed, instantText, pageOf, run, shortListing } from './shapes.ts';

/** The feeds that somebody may see, of one name if that is asked for. */
const within = (feeds: readonly Feed[], reach: Reach, name: string | undefined): Feed[] =>
  feeds.filter(
    (one) =>
      (reach === 'all' || ('feeds' in reach && reach.feeds.includes(one.name))) &&
      (name === undefined || one.name === name),
  );

const feedsEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/feeds', needs: 'feeds.read', tag: 'feeds' },
      summary: 'the feeds: how far each has come, what is pending, when it runs next',
      query: { ...shortListing, feed: z.string().optional(), partner: z.string().optional() },
      answer: pageOf(feed),
    },
    async ({ call, query }) => {
      const own = within(ctx.settings().feeds, call.reach(), query.feed);
      const wanted = own.filter(({ partner }) => query.partner === undefined || partner === query.partner);
      const { items, next } = await pagedList(query, wanted);
      return { items: await feedLines(ctx, call, items), next };
    },
  );

const mostRuns = 1000;

const scheduleEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/schedule', needs: 'schedule.read', tag: 'feeds' },
      summary: 'the next runs of the feeds, with the days on which clocks change',
      query: {
        ...shortListing,
        feed: z.string().optional(),
        from: instantText.optional(),
        count: z
          .string()
          .regex(/^[1-9]\d{0,3}$/, 'it is not a whole number from 1 on')
          .transform(Number)
          .refine((count) => count <= mostRuns, { message: `at most ${mostRuns} runs of each feed` })
          .default(10)
          .openapi({ type: 'integer', minimum: 1, maximum: mostRuns, default: 10 }),
      },
      answer: pageOf(run),
    },
    ({ call, query }) => {
      const own = within(ctx.settings().feeds, call.reach(), query.feed);
      return pagedList(query, previewFeeds(own, query.from ?? ctx.clock.now(), query.count));
    },
  );

const oneEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/feeds/{feed}', needs: 'feeds.read', tag: 'feeds', params: feedParams },
      ...{ summary: 'one feed', answer: feed },
    },
    feedIn(ctx),
    async ({ call, thing }) => {
      const [line] = await feedLines(ctx, call, [thing]);
      if (!line) throw nothingHere();
      return line;
    },
  );

/** Feeds and when they run. */
export const feedEndpoints = (ctx: WebContext): Endpoint[] => [
  feedsEndpoint(ctx),
  oneEndpoint(ctx),
  scheduleEndpoint(ctx),
];
