import { z } from '@hono/zod-openapi';
import { Fault } from '../../fault.ts';
import { findDeliveries, showDelivery } from '../../outbound/delivery/deliveries.ts';
import type { Batch } from '../../outbound/feed/batch.ts';
import { exported } from '../../outbound/feed/exported.ts';
import { countFrame } from '../../outbound/feed/feed-list.ts';
import type { Feed } from '../../outbound/feed/feed.ts';
import { runFeed } from '../../outbound/feed/run.ts';
import type { TimeFrame } from '../../outbound/feed/time-frame.ts';
import type { WebContext } from '../context.ts';
import { deliverFrame, frameFile, narrowedTo } from '../frames.ts';
import { wrongRequest } from '../problem.ts';
import type { Found, KnownCall } from '../route.ts';
import { type Endpoint, ofOne } from './endpoint.ts';
import { exported as exportedShape, instantText, whole } from './shapes.ts';

/** The feed that a path names. */
export const feedIn =
  (ctx: WebContext) =>
  ({ params }: KnownCall): Promise<Found<Feed> | undefined> => {
    const thing = ctx.settings().feeds.find(({ name }) => name === params['feed']);
    const subject = thing && { feed: thing.name, partner: thing.partner };
    return Promise.resolve(thing && subject && { thing, subject, name: `feed ${thing.name}` });
  };

export const feedParams = { feed: 'its name in the configuration' };
const params = feedParams;
const tag = 'exports';

const answerOf = async ({ store }: WebContext, feed: Feed, batch: Batch | undefined) => {
  const deliveries = batch ? await findDeliveries(store.read, { batchId: batch.id }) : [];
  return { ...exported(feed, batch, deliveries.map(showDelivery)), batch: batch?.id ?? null };
};

const busy = (feed: string): Fault =>
  new Fault({
    ...{ operation: 'export', object: feed, reason: 'another run of it is under way', next: 'refuse', code: 'busy' },
    hint: 'try again when it has ended',
  });

const exportNow = async (ctx: WebContext, feed: Feed) => {
  if (feed.retired)
    throw wrongRequest(`the feed ${feed.name}`, 'it is retired: its partner gets nothing any more', 'export a frame');
  const { outcome, batch, resumed } = await runFeed(ctx, feed, { due: ctx.clock.now(), kind: 'hand' });
  if (outcome === 'busy') throw busy(feed.name);
  return answerOf(ctx, feed, batch ?? resumed.at(-1));
};

const nowEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/feeds/{feed}/export', needs: 'feeds.export', tag, params },
      summary: 'does now what the clock would do: freezes what is new; the service then delivers it',
      details:
        'First finishes what an earlier run has left unfinished. `fileName` and `batch` are null when nothing was new. ' +
        'Ask for `/deliveries?batch=` until its deliveries are delivered or held.',
      answer: exportedShape,
    },
    feedIn(ctx),
    ({ thing }) => exportNow(ctx, thing),
  );

const frameFields = {
  from: instantText,
  to: instantText,
  by: z.enum(['created', 'event']).default('created'),
  campaigns: z
    .string()
    .optional()
    .openapi({ description: 'only of these campaigns, as in 1000,1001; all of the feed without it' }),
};

interface Asked {
  from: number;
  to: number;
  by: TimeFrame['by'];
  campaigns?: string | undefined;
}

const campaignsIn = ({ selection }: Feed, text: string | undefined): string[] => {
  const wanted = (text ?? '').split(',').filter((one) => one !== '');
  const other = wanted.find((one) => selection.campaigns?.includes(one) === false);
  if (other === undefined) return wanted;
  throw wrongRequest('campaigns', `the feed does not hold ${other}`, `it holds: ${selection.campaigns?.join(', ')}`);
};

const chosen = (feed: Feed, { from, to, by, campaigns }: Asked): { feed: Feed; frame: TimeFrame } => {
  if (to <= from) throw wrongRequest('to', 'it is not after from', 'the frame is half open: [from, to)');
  return { feed: narrowedTo(feed, campaignsIn(feed, campaigns)), frame: { from, to, by } };
};

const frameText =
  'A file over a time frame: every row of the feed in `[from, to)`, by when it was `created` or by its `event`. It has ' +
  'no number and moves nothing of what the feed sends by itself.';

const countEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/feeds/{feed}/frame', needs: 'frames.export', tag, params },
      summary: 'manual export: how many rows a time frame has, before anything is written',
      ...{ details: frameText, query: frameFields, answer: z.object({ rows: whole }) },
    },
    feedIn(ctx),
    async ({ thing, query }) => {
      const { feed, frame } = chosen(thing, query);
      return { rows: await countFrame(ctx.store.read, feed, frame) };
    },
  );

const fileEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/feeds/{feed}/frame/file', needs: 'frames.export', tag, params, audited: true },
      summary: 'manual export: writes a time frame and gives its bytes',
      details: `${frameText} Refused with \`several-files\` where the feed splits its files and the rows make several.`,
      ...{ query: frameFields, answer: 'file' },
    },
    feedIn(ctx),
    ({ thing, query }) => {
      const { feed, frame } = chosen(thing, query);
      return frameFile(ctx, feed, frame);
    },
  );

const deliveryEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/feeds/{feed}/frame/delivery', needs: 'frames.export', tag, params, status: 202 },
      summary: "manual export: writes a time frame and brings it to the feed's drops",
      ...{ details: frameText, body: frameFields, answer: exportedShape },
    },
    feedIn(ctx),
    async ({ thing, body }) => {
      const { feed, frame } = chosen(thing, body);
      return answerOf(ctx, thing, await deliverFrame(ctx, feed, frame));
    },
  );

/** What the clock would do, by hand; and manual exports. */
export const exportEndpoints = (ctx: WebContext): Endpoint[] => [
  nowEndpoint(ctx),
  countEndpoint(ctx),
  fileEndpoint(ctx),
  deliveryEndpoint(ctx),
];
