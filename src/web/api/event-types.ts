import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { freshLocal, freshLocalBytes } from '../../inbound/mail/addresses.ts';
import { standardCodesOf } from '../../ledger/disposition.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { WebContext } from '../context.ts';
import { mailedTo } from '../mailed-to.ts';
import { nothingHere, wrongRequest } from '../problem.ts';

import { type Found, idIn, type KnownCall } from '../route.ts';
import { templates, templateText } from '../templates.ts';
import { pagedList } from './cursor.ts';
import { attachment } from './download.ts';
import { type Endpoint, listOf, ofOne, ofService } from './endpoint.ts';
import { idText, orNull, pageOf, shortListing, whole } from './shapes.ts';

const tag = 'event types';

const address = z.object({
  address: z.string().openapi({ example: 'online-sale-8m2k0v7qx4t1zc5n@files.example.test' }),
  check: z.string().openapi({ description: 'the same for a dry run' }),
  until: orNull(z.string()).openapi({ description: 'the last day on which it is taken, in the zone' }),
});

const eventType = z
  .object({
    ...{ eventType: whole, name: z.string(), code: z.string(), currency: z.string(), timezone: z.string() },
    locking: z.union([
      z.object({ kind: z.literal('monthEnd'), months: whole, days: whole }),
      z.object({ kind: z.literal('afterEvent'), days: whole }),
      z.object({ kind: z.literal('open') }),
    ]),
    mail: orNull(
      z.object({
        ...{ addresses: z.array(address), senders: z.array(z.string()) },
        authentication: z.enum(['off', 'record', 'require']),
        reply: z.enum(['none', 'summary', 'result']),
      }),
    ),
    dispositions: z.array(
      z.object({
        ...{ code: z.string(), name: z.string() },
        action: z.enum(['modify', 'approve', 'reject', 'none']),
      }),
    ),
    standardCodes: z.array(z.string()).openapi({ description: 'by which the amount decides; RESET undoes changes' }),
    templates: z.array(z.string()),
  })
  .openapi('EventType');

const lineOf = (ctx: WebContext, one: EventType) => ({
  ...{ eventType: one.id, name: one.name, code: one.code, currency: one.currency, timezone: one.timezone },
  ...{ locking: one.locking, mail: mailedTo(ctx.settings(), one.id) ?? null, dispositions: one.dispositions },
  ...{ standardCodes: standardCodesOf(one), templates: templates.map(({ name }) => name) },
});

const listEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/event-types', needs: 'eventTypes.read', tag, answer: pageOf(eventType) },
      summary: 'the event types: where their files go, who may send them, which codes they know',
      query: { ...shortListing, code: z.string().optional() },
    },
    async ({ call, query }) => {
      const reach = call.reach();
      const own = [...ctx.settings().eventTypes.values()]
        .toSorted((a, b) => a.id - b.id)
        .filter(({ id }) => reach === 'all' || ('eventTypes' in reach && reach.eventTypes.includes(id)))
        .filter(({ code }) => (query.code ?? code) === code);
      const { items, next } = await pagedList(query, own);
      return { items: items.map((one) => lineOf(ctx, one)), next };
    },
  );

const found =
  (ctx: WebContext) =>
  (call: KnownCall): Promise<Found<EventType> | undefined> => {
    const thing = ctx.settings().eventTypes.get(idIn(call) ?? 0);
    return Promise.resolve(thing && { thing, subject: { eventType: thing.id }, name: `event type ${thing.id}` });
  };

const oneEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/event-types/{id}', needs: 'eventTypes.read', tag },
      ...{ summary: 'one event type', params: { id: 'its number' }, answer: eventType },
    },
    found(ctx),
    ({ thing }) => Promise.resolve(lineOf(ctx, thing)),
  );

const templateEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/event-types/{id}/templates/{name}', needs: 'eventTypes.read', tag },
      ...{ summary: 'a file to begin with', params: { id: 'its number', name: 'as `templates` lists it' } },
      ...{ answer: 'file', media: 'text/csv' },
    },
    found(ctx),
    ({ call, thing }) => {
      const template = templates.find(({ name }) => name === call.params['name']);
      if (!template) throw nothingHere();
      return Promise.resolve(
        new Response(templateText(template, thing), {
          headers: {
            'Content-Type': 'text/csv; charset=utf-8',
            'Content-Disposition': attachment(`${template.name}.csv`),
          },
        }),
      );
    },
  );

const addressEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/fresh-address', needs: 'eventTypes.read', tag },
      summary: 'a fresh address that nobody can guess, for an event type',
      details: 'Nothing is changed: its local part is to be written into the configuration.',
      query: { eventType: idText.optional() },
      answer: z.object({ local: z.string(), address: orNull(z.string()) }),
    },
    ({ query }) => {
      const { eventTypes, mailDomain } = ctx.settings();
      const one = query.eventType === undefined ? undefined : eventTypes.get(Number(query.eventType));
      if (query.eventType !== undefined && !one)
        throw wrongRequest('eventType', 'there is no such event type', 'see /api/v1/event-types');
      const local = freshLocal(one?.code ?? '', randomBytes(freshLocalBytes));
      return Promise.resolve({ local, address: mailDomain === undefined ? null : `${local}@${mailDomain}` });
    },
  );

/** Event types: where their files go, what they may hold, and templates. */
export const eventTypeEndpoints = (ctx: WebContext): Endpoint[] => [
  listEndpoint(ctx),
  oneEndpoint(ctx),
  templateEndpoint(ctx),
  addressEndpoint(ctx),
];
