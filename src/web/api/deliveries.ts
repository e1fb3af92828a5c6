import { z } from '@hono/zod-openapi';
import { release, resend, settle } from '../../outbound/delivery/actions.ts';
import { attemptLine, attemptsOf } from '../../outbound/delivery/attempts.ts';
import { findDeliveries, findDelivery, showDelivery } from '../../outbound/delivery/deliveries.ts';
import type { Delivery } from '../../outbound/delivery/delivery.ts';
import { deliveryContext, partnerOf, type WebContext } from '../context.ts';
import { nothingHere } from '../problem.ts';
import { type Found, idIn, type KnownCall } from '../route.ts';
import { paged, pagedList } from './cursor.ts';
import { type Endpoint, listOf, ofOne } from './endpoint.ts';
import { given, inFeeds, subjectOfFeed } from './narrow.ts';
import { attempt, delivery, deliveryStates, idText, listing, pageOf, shortListing } from './shapes.ts';

const found =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Delivery> | undefined> => {
    const id = idIn(call);
    const thing = id === undefined ? undefined : await findDelivery(ctx.store.read, id);
    const subject = thing && subjectOfFeed(thing.feed, partnerOf(ctx, thing.feed));
    return thing && subject && { thing, subject, name: `delivery ${thing.id}` };
  };

const params = { id: 'of the delivery' };

const deliveriesEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/deliveries', needs: 'deliveries.read', tag: 'deliveries' },
      summary: 'the deliveries: which file to which drop, and how far it has come',
      query: {
        ...{ ...listing, feed: z.string().optional(), drop: z.string().optional() },
        ...{ state: z.enum(deliveryStates).optional(), batch: idText.optional() },
      },
      answer: pageOf(delivery),
    },
    async ({ call, query: { feed, drop, state, batch, ...rest } }) => {
      const asked = given({
        ...{ feed, dropName: drop, states: state && [state], batchId: batch === undefined ? undefined : Number(batch) },
        ...inFeeds(call.reach()),
      });
      const { items, next } = await paged(rest, (page) => findDeliveries(ctx.store.read, asked, page));
      return { items: items.map(showDelivery), next };
    },
  );

const oneEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/deliveries/{id}', needs: 'deliveries.read', tag: 'deliveries', params },
      ...{ summary: 'one delivery', answer: delivery },
    },
    found(ctx),
    ({ thing }) => Promise.resolve(showDelivery(thing)),
  );

const attemptsEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/deliveries/{id}/attempts', needs: 'deliveries.read', tag: 'deliveries', params },
      summary: 'its attempts with their errors and hints, and what people did in between',
      ...{ query: shortListing, answer: pageOf(attempt) },
    },
    found(ctx),
    async ({ thing, query }) => pagedList(query, (await attemptsOf(ctx.store.read, thing.id)).map(attemptLine)),
  );

/** The delivery as it now is. */
const anew = async (ctx: WebContext, { id }: Delivery) => {
  const now = await findDelivery(ctx.store.read, id);
  if (!now) throw nothingHere();
  return showDelivery(now);
};

const resent = z.object({ outcome: z.enum(['same', 'pending']), delivery }).openapi('Resent');

const resendEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/deliveries/{id}/resend', needs: 'deliveries.resend', tag: 'deliveries', params },
      summary: 'sends the same batch again: the same bytes under the same name',
      details: 'Looks at the drop first: `same` when the same bytes lie there already, and then nothing is sent.',
      answer: resent,
    },
    found(ctx),
    async ({ thing }) => {
      const outcome = await resend(deliveryContext(ctx), thing.id);
      return { outcome, delivery: await anew(ctx, thing) };
    },
  );

const releaseEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/deliveries/{id}/release', needs: 'deliveries.release', tag: 'deliveries', params },
      ...{ summary: 'lets a held delivery go on, after a person has looked', answer: delivery },
    },
    found(ctx),
    async ({ thing }) => {
      await release(ctx.store, thing.id);
      return anew(ctx, thing);
    },
  );

const settleEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/deliveries/{id}/settle', needs: 'deliveries.settle', tag: 'deliveries', params },
      ...{ summary: 'ends a delivery that a person has seen to in another way', answer: delivery },
      body: { reason: z.string().min(1).max(500).openapi({ example: 'sent by mail, ticket 481' }) },
    },
    found(ctx),
    async ({ thing, body }) => {
      await settle(ctx.store, thing.id, body.reason);
      return anew(ctx, thing);
    },
  );

/** Deliveries, and what a person does about them. */
export const deliveryEndpoints = (ctx: WebContext): Endpoint[] => [
  deliveriesEndpoint(ctx),
  oneEndpoint(ctx),
  attemptsEndpoint(ctx),
  resendEndpoint(ctx),
  releaseEndpoint(ctx),
  settleEndpoint(ctx),
];
