import { z } from '@hono/zod-openapi';
import { findUnmatched } from '../../inbound/submission/unmatched.ts';
import type { WebContext } from '../context.ts';
import { paged } from './cursor.ts';
import { type Endpoint, listOf } from './endpoint.ts';
import { given, inEventTypes } from './narrow.ts';
import { maskConversion } from './personal.ts';
import { idText, instant, listing, pageOf, whole } from './shapes.ts';

const unmatched = z
  .object({
    ...{ id: whole, eventType: whole, orderId: z.string(), at: instant, submission: whole },
    ...{ fileName: z.string(), line: whole },
    conversion: z.record(z.string(), z.unknown()).openapi({ description: 'all that the line said' }),
  })
  .openapi('UnmatchedConversion');

/** Conversions that name no partner and were kept. */
export const unmatchedEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/unmatched-conversions', needs: 'submissions.read', tag: 'submissions' },
      summary: 'conversions that name no partner and were kept',
      details:
        'Their lines have the outcome ACTION_REF_NOT_FOUND. Once an order is sent again with a MediaPartnerId it is ' +
        'created and leaves this list. What says who the customer is is shown in full to ops only.',
      query: { ...listing, eventType: idText.optional(), orderId: z.string().optional() },
      answer: pageOf(unmatched),
    },
    async ({ call, query: { eventType, orderId, ...rest } }) => {
      const eventTypeId = eventType === undefined ? undefined : Number(eventType);
      const filter = given({ eventTypeId, orderId, ...inEventTypes(call.reach()) });
      const { items, next } = await paged(rest, (page) => findUnmatched(ctx.store.read, filter, page));
      if (call.may('personalData.read', {})) return { items, next };
      return { items: items.map((one) => ({ ...one, conversion: maskConversion(one.conversion) })), next };
    },
  );
