import { z } from '@hono/zod-openapi';
import { showOrder } from '../../ledger/ledger-view.ts';
import { traceOrder } from '../../watch/trace.ts';
import { partnerOf, type WebContext } from '../context.ts';
import { pagedList } from './cursor.ts';
import { type Endpoint, listOf } from './endpoint.ts';
import { subjectOfFeed } from './narrow.ts';
import { maskSender, maskTransaction } from './personal.ts';
import { traceEvent, transaction } from './order-shapes.ts';
import { idText, pageOf, shortListing } from './shapes.ts';

const query = { ...shortListing, orderId: z.string().min(1).max(500) };

const transactionsEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/transactions', needs: 'transactions.read', tag: 'orders' },
      query: { ...query, eventType: idText.optional(), partner: z.string().optional() },
      summary: 'the transactions of an order, each with its journal',
      details: 'What says who the customer is is shown in full to ops only.',
      answer: pageOf(transaction),
    },
    async ({ call, query: asked }) => {
      const all = await showOrder(ctx.store, asked.orderId);
      const own = all
        .filter((one) => call.may('transactions.read', { eventType: Number(one['eventTypeId']) }))
        .filter((one) => asked.eventType === undefined || String(one['eventTypeId']) === asked.eventType)
        .filter((one) => asked.partner === undefined || one['partner'] === asked.partner);
      return pagedList(asked, call.may('personalData.read', {}) ? own : own.map(maskTransaction));
    },
  );

const traceEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/trace', needs: 'trace.read', tag: 'orders' },
      query: { ...query, what: z.string().optional() },
      summary: 'everything that touched an order, in order of time',
      details:
        'Each role sees its part: advertisers the journal and submissions, partners batches and deliveries. Of the ' +
        'lines of submissions the newest 1,000 are told.',
      answer: pageOf(traceEvent),
    },
    async ({ call, query: asked }) => {
      const all = await traceOrder(ctx.store, asked.orderId);
      const own = all.filter(({ owner }) =>
        call.may('trace.read', 'feed' in owner ? subjectOfFeed(owner.feed, partnerOf(ctx, owner.feed)) : owner),
      );
      const events = own.map(({ event }) => event).filter(({ what }) => (asked.what ?? what) === what);
      return pagedList(asked, call.may('personalData.read', {}) ? events : events.map(maskSender));
    },
  );

/** What is known of one order. */
export const orderEndpoints = (ctx: WebContext): Endpoint[] => [transactionsEndpoint(ctx), traceEndpoint(ctx)];
