import { z } from '@hono/zod-openapi';
import { findRefusedMail, showRefused } from '../../inbound/mail/refused-mail.ts';
import { listDrops } from '../../outbound/delivery/drop-list.ts';
import { findAlerts } from '../../watch/alerts.ts';
import { alertLines } from '../../watch/alert-line.ts';
import { alertKinds } from '../../watch/cause.ts';
import type { WebContext } from '../context.ts';
import { findDeeds } from '../people/audit.ts';
import { actions } from '../people/may.ts';
import { findTokens, tokenLine } from '../people/tokens.ts';
import { paged, pagedList } from './cursor.ts';
import { type Endpoint, ofService } from './endpoint.ts';
import { given } from './narrow.ts';
import { alert, deed, drop, instantText, listing, pageOf, refused, token, yesNo } from './shapes.ts';

const alertsEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/alerts', needs: 'alerts.read', tag: 'operations' },
      summary: 'what needs a person; with `all` what has ended too',
      query: { ...listing, all: yesNo.optional(), kind: z.enum(alertKinds).optional() },
      answer: pageOf(alert),
    },
    async ({ query: { all, kind, ...rest } }) => {
      const filter = given({ open: all !== true, kind });
      const { items, next } = await paged(rest, (page) => findAlerts(ctx.store.read, filter, page));
      return { items: await alertLines(ctx.store.read, items), next };
    },
  );

const dropsEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/drops', needs: 'drops.read', tag: 'operations' },
      summary: 'the drops: where they are, what was learned about their servers, which keys are trusted',
      query: { ...listing, drop: z.string().optional() },
      answer: pageOf(drop),
    },
    async ({ query }) => {
      const specs = [...ctx.settings().drops.values()].map(({ spec }) => spec);
      const wanted = specs.filter(({ name }) => query.drop === undefined || name === query.drop);
      const { items, next } = await pagedList(query, wanted);
      return { items: await listDrops(ctx.store, items), next };
    },
  );

const refusedEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/refused-mail', needs: 'refusedMail.read', tag: 'operations' },
      summary: 'mail that was not taken, and why',
      query: { ...listing, recipient: z.string().optional() },
      answer: pageOf(refused),
    },
    async ({ query: { recipient, ...rest } }) => {
      const { items, next } = await paged(rest, (page) => findRefusedMail(ctx.store.read, given({ recipient }), page));
      return { items: items.map((one) => ({ id: one.id, ...showRefused(one) })), next };
    },
  );

const auditEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/audit', needs: 'audit.read', tag: 'people' },
      summary: 'what people and programs did: who, what, on what, when and from where',
      query: {
        ...{ ...listing, who: z.string().optional(), action: z.string().optional() },
        ...{ from: instantText.optional(), to: instantText.optional() },
      },
      details: `\`action\` is one of ${actions.join(', ')}; or sign-in, sign-in.link, session.`,
      answer: pageOf(deed),
    },
    ({ query: { limit, order, cursor, ...filter } }) =>
      paged({ limit, order, cursor }, (page) => findDeeds(ctx.store.read, given(filter), page)),
  );

const tokensEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/tokens', needs: 'tokens.read', tag: 'people', query: listing },
      ...{ summary: 'the tokens, without themselves', answer: pageOf(token) },
    },
    async ({ query }) => pagedList(query, (await findTokens(ctx.store.read)).map(tokenLine)),
  );

/** What the people who run the service look at. */
export const operationsEndpoints = (ctx: WebContext): Endpoint[] => [
  alertsEndpoint(ctx),
  dropsEndpoint(ctx),
  refusedEndpoint(ctx),
  auditEndpoint(ctx),
  tokensEndpoint(ctx),
];
