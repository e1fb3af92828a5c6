import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { findRefusedMail, showRefused } from '../../inbound/mail/refused-mail.ts';
import { prove } from '../../outbound/feed/prove.ts';
import { findAlerts } from '../../watch/alerts.ts';
import { alertLines } from '../../watch/alert-line.ts';
import { alertKinds } from '../../watch/cause.ts';
import { tryChannels } from '../../watch/try-channels.ts';
import { alone } from '../alone.ts';
import type { WebContext } from '../context.ts';
import { findDeeds } from '../people/audit.ts';
import { actions } from '../people/may.ts';
import { paged } from './cursor.ts';
import { type Endpoint, ofService } from './endpoint.ts';
import { given } from './narrow.ts';
import { alert, deed, proof, refused, triedChannel } from './operation-shapes.ts';
import { instantText, listing, pageOf, yesNo } from './shapes.ts';

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

const testEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'post', path: '/alerts/test', needs: 'alerts.test', tag: 'operations' },
      summary: 'sends a test alert to every channel and says what each answered',
      details: 'One try each, at the same time, with a deadline of 15 seconds. It is no alert: nothing is kept of it.',
      answer: z.object({ channels: z.array(triedChannel) }),
    },
    async () => {
      const id = () => randomBytes(6).toString('hex');
      return { channels: await tryChannels(ctx.settings().channels, { now: ctx.clock.now(), id }) };
    },
  );

const proveEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/prove', needs: 'prove.read', tag: 'operations' },
      summary: 'shows for each feed that every transaction is in exactly one batch',
      details:
        'Reads the ledger and the spool again, which may take minutes, once at a time. `missing` rows are in no batch, ' +
        '`doubled` ones in two; a batch whose file is gone or changed is `damaged`.',
      ...{ query: { feed: z.string().optional() }, answer: proof },
    },
    ({ query: { feed } }) =>
      alone(ctx, { operation: 'prove', object: 'the batches' }, () => prove(ctx.store, ctx.spool, feed)),
  );

const refusedEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/refused-mail', needs: 'refusedMail.read', tag: 'operations' },
      summary: 'mail that was not taken, and why',
      query: {
        ...{ ...listing, recipient: z.string().optional(), peer: z.string().optional() },
        ...{ from: instantText.optional(), to: instantText.optional() },
      },
      answer: pageOf(refused),
    },
    async ({ query: { limit, order, cursor, ...filter } }) => {
      const { items, next } = await paged({ limit, order, cursor }, (page) =>
        findRefusedMail(ctx.store.read, given(filter), page),
      );
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

/** What the people who run the service look at. */
export const operationsEndpoints = (ctx: WebContext): Endpoint[] => [
  alertsEndpoint(ctx),
  testEndpoint(ctx),
  proveEndpoint(ctx),
  refusedEndpoint(ctx),
  auditEndpoint(ctx),
];
