import { html } from 'hono/html';
import { release, resend, settle } from '../../outbound/delivery/actions.ts';
import { type Attempt, attemptsOf } from '../../outbound/delivery/attempts.ts';
import { findDeliveries, findDelivery } from '../../outbound/delivery/deliveries.ts';
import type { Delivery, DeliveryState } from '../../outbound/delivery/delivery.ts';
import { paged } from '../api/cursor.ts';
import { deliveryStates } from '../api/shapes.ts';
import { deliveryContext, partnerOf, type WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import { wrongRequest } from '../problem.ts';
import { type Found, idIn, type KnownCall, type Route, routeOn } from '../route.ts';
import { cell, type Column, facts, pages, size, table, time } from './cells.ts';
import { deliveryTable, stateBadge } from './delivery-cells.ts';
import { backTo, consolePage, ownForm, shownIn } from './frame.ts';

const perPage = 50;

const stateChoice = ({ url }: KnownCall): DeliveryState | undefined =>
  deliveryStates.find((state) => state === url.searchParams.get('state'));

const filterForm = (call: KnownCall): Html =>
  html`<form class="filter" method="get">
    <label
      >State
      <select name="state">
        <option value="">any</option>
        ${deliveryStates.map(
          (state) => html`<option ${stateChoice(call) === state ? html`selected` : ''}>${state}</option>`,
        )}
      </select>
    </label>
    <button>Show</button> <a href="/deliveries">All</a>
  </form>`;

const list = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const state = stateChoice(call);
  const own = call.reach();
  const cursor = call.url.searchParams.get('cursor') ?? undefined;
  const filter = {
    ...(state && { states: [state] }),
    ...(own !== 'all' && { feeds: 'feeds' in own ? own.feeds : [] }),
  };
  const { items, next } = await paged({ limit: perPage, order: 'newest', cursor }, (page) =>
    findDeliveries(ctx.store.read, filter, page),
  );
  return consolePage(call, {
    title: 'Deliveries',
    body: html`<h1>Deliveries</h1>
      ${filterForm(call)}
      <div id="list" data-live>
        ${deliveryTable(items, 'Files on their way to drops, newest first', 'No delivery matches.')}
        ${pages(call.url, next)}
      </div>`,
  });
};

const subjectOf = (ctx: WebContext, { feed }: Delivery) => {
  const partner = partnerOf(ctx, feed);
  return { feed, ...(partner !== undefined && { partner }) };
};

const find =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Delivery> | undefined> => {
    const id = idIn(call);
    const thing = id === undefined ? undefined : await findDelivery(ctx.store.read, id);
    return thing && { thing, subject: subjectOf(ctx, thing), name: `delivery ${thing.id}` };
  };

const button = (call: KnownCall, one: Delivery, verb: string, text: string, more: Html | string = ''): Html =>
  html`<form method="post" action="/deliveries/${one.id}/${verb}">
    ${ownForm(call)}${more} <button>${text}</button>
  </form>`;

const longestReason = 500;
const reasonField = html`<label
  >Why, for the record <input name="reason" required maxlength="${longestReason}" size="40"
/></label>`;

const releaseText = ({ errorCode }: Delivery): string =>
  errorCode === 'unusual' ? 'Release: send it as it is' : 'Release: try it again';

/** What is shown now: a page that is older than the last hold releases nothing. */
const shownAs = ({ claim }: Delivery): Html => html`<input type="hidden" name="claim" value="${claim}" />`;

const actions = (ctx: WebContext, call: KnownCall, one: Delivery): Html => {
  const own = subjectOf(ctx, one);
  const held = one.state === 'held';
  return html`<div class="actions">
    ${held && call.may('deliveries.release', own) ? button(call, one, 'release', releaseText(one), shownAs(one)) : ''}
    ${one.state === 'delivered' && call.may('deliveries.resend', own) ? button(call, one, 'resend', 'Send it again') : ''}
    ${
      (held || one.state === 'pending') && call.may('deliveries.settle', own)
        ? button(call, one, 'settle', 'Settle: nothing more is sent', reasonField)
        : ''
    }
    ${
      call.may('batches.download', own)
        ? html`<a href="/api/v1/batches/${one.batchId}/file" download>The file (${size(one.bytes)})</a>`
        : ''
    }
  </div>`;
};

const columns: readonly Column[] = [
  { title: 'No', num: true },
  { title: 'Began' },
  { title: 'Ended' },
  { title: 'File' },
  { title: 'Came to' },
  { title: 'What happened' },
];

const attemptRow = ({ number, startedAt, endedAt, fileName, phase, outcome, error, hint }: Attempt): Html =>
  html`<tr>
    ${cell('No', String(number), 'num')} ${cell('Began', time(startedAt))} ${cell('Ended', time(endedAt))}
    ${cell('File', fileName, 'file')} ${cell('Came to', phase)}
    ${cell('What happened', error === null ? (outcome ?? '') : `${error}${hint === null ? '' : ` → ${hint}`}`)}
  </tr>`;

const trouble = ({ error, hint, state }: Delivery): Html =>
  error === null
    ? html``
    : html`<div class="panel ${state === 'held' ? 'bad' : 'warn'}" role="status">
        <p>${error}</p>
        ${hint === null ? '' : html`<p><strong>What to do:</strong> ${hint}</p>`}
      </div>`;

/** What came of sending it again where nothing was to be sent. */
const told = ({ url }: KnownCall, { state }: Delivery): Html =>
  state === 'delivered' && url.searchParams.get('told') === 'same'
    ? html`<p class="panel" role="status">
        Nothing was sent: the same bytes lie at the drop under this name. It is sent again once the partner has removed
        them.
      </p>`
    : html``;

const shown = async (ctx: WebContext, call: KnownCall, one: Delivery): Promise<Response> => {
  const attempts = await attemptsOf(ctx.store.read, one.id);
  return consolePage(call, {
    title: one.fileName,
    body: html`<p class="crumb"><a href="/deliveries">Deliveries</a> / ${one.id}</p>
      <h1>${one.fileName} to ${one.dropName}</h1>
      ${told(call, one)}
      <div id="state" data-live>
        ${facts([
          ['State', stateBadge(one.state)],
          ['Batch', html`<a href="/batches/${one.batchId}">${one.batchId}</a> of ${one.feed}`],
          ['Next attempt', one.state === 'pending' ? time(one.nextAttemptAt) : undefined],
          ['Delivered', time(one.deliveredAt, 'not yet')],
          ['Seen at the drop', one.seen ?? '–'],
          ['Picked up', time(one.pickedUpAt, 'not seen')],
          ['Settled because', one.settledReason ?? undefined],
        ])}
        ${trouble(one)} ${actions(ctx, call, one)}
        <h2>Attempts</h2>
        ${table('Attempts, oldest first', columns, attempts.map(attemptRow), 'None yet.')}
      </div>`,
  });
};

/** Does one thing to a delivery by hand, and shows it as it then is. */
const hand = (ctx: WebContext, verb: 'release' | 'resend' | 'settle', work: Hand): Route =>
  routeOn(
    { method: 'post', path: `/deliveries/:id/${verb}`, face: 'page', needs: `deliveries.${verb}` },
    find(ctx),
    async (call, { id }) => {
      const outcome = await work(call, id);
      return backTo(`/deliveries/${id}${outcome === 'same' ? '?told=same' : ''}`);
    },
  );

/** Resolves to `same` where nothing was to be done. */
type Hand = (call: KnownCall, id: number) => Promise<unknown>;

const settleBy =
  (ctx: WebContext): Hand =>
  async (call, id) => {
    const reason = (await call.form()).get('reason')?.trim() ?? '';
    if (reason === '') throw wrongRequest('the reason', 'it is empty', 'say why nothing more is to be sent');
    if (reason.length > longestReason)
      throw wrongRequest('the reason', `it is longer than ${longestReason} characters`, 'say it in a sentence');
    return settle(ctx.store, id, reason);
  };

/** Deliveries: the list, one with its attempts, and what a person may do to it. */
export const deliveryRoutes = (ctx: WebContext): Route[] => [
  {
    method: 'get',
    path: '/deliveries',
    face: 'page',
    needs: 'deliveries.read',
    over: 'list',
    run: (call) => list(ctx, call),
  },
  routeOn({ method: 'get', path: '/deliveries/:id', face: 'page', needs: 'deliveries.read' }, find(ctx), (call, one) =>
    shown(ctx, call, one),
  ),
  hand(ctx, 'release', async (call, id) => release(ctx.store, id, shownIn(await call.form(), 'claim'))),
  hand(ctx, 'resend', (_, id) => resend(deliveryContext(ctx), id)),
  hand(ctx, 'settle', settleBy(ctx)),
];
