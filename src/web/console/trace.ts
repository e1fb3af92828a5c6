import { html } from 'hono/html';
import { type Traced, type TraceEvent, traceOrder } from '../../watch/trace.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { KnownCall, Route } from '../route.ts';
import { partnerOf } from '../context.ts';
import { maskSender } from '../api/personal.ts';
import { cell, type Column, table, time } from './cells.ts';
import { consolePage } from './frame.ts';

const columns: readonly Column[] = [{ title: 'When' }, { title: 'What' }, { title: 'Details' }];

const links: Record<string, string> = { batch: 'batches', delivery: 'deliveries', submission: 'submissions' };

/** A value of an event; what has a page of its own is a link to it. */
const detail = ([name, value]: [string, unknown]): Html | string => {
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const place = links[name];
  return html`<span class="nowrap"
    ><span class="quiet">${name}</span>
    ${place === undefined ? shown : html`<a href="/${place}/${shown}">${shown}</a>`}</span
  > `;
};

const row = ({ at, what, ...details }: TraceEvent): Html =>
  html`<tr>
    ${cell('When', time(at))} ${cell('What', html`<strong>${what}</strong>`)}
    ${cell(
      'Details',
      html`${Object.entries(details)
        .filter(([, value]) => value !== null && value !== undefined)
        .map(detail)}`,
    )}
  </tr>`;

/** Only what belongs to the reader: their event types' journal and files, their feeds' batches. */
const isOwn = (ctx: WebContext, call: KnownCall, { owner }: Traced): boolean => {
  if ('eventType' in owner) return call.may('trace.read', owner);
  const partner = partnerOf(ctx, owner.feed);
  return call.may('trace.read', { ...owner, ...(partner !== undefined && { partner }) });
};

const ownEvents = async (ctx: WebContext, call: KnownCall, order: string): Promise<TraceEvent[]> => {
  const own = (await traceOrder(ctx.store, order)).filter((one) => isOwn(ctx, call, one)).map(({ event }) => event);
  return call.may('personalData.read', {}) ? own : own.map(maskSender);
};

const shown = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const order = call.url.searchParams.get('order')?.trim() ?? '';
  const events = order === '' ? [] : await ownEvents(ctx, call, order);
  return consolePage(call, {
    title: order === '' ? 'Trace' : `Trace of ${order}`,
    body: html`<h1>Trace of one order</h1>
      <form class="filter" method="get">
        <label>Order id <input name="order" value="${order}" required maxlength="255" size="32" /></label>
        <button class="main">Trace</button>
      </form>
      ${order === '' ? '' : table(`What happened to ${order}`, columns, events.map(row), `Nothing is known of ${order}.`)}`,
  });
};

/** Journal, submissions, batches and deliveries of an order, in order of time. */
export const traceRoute = (ctx: WebContext): Route => ({
  method: 'get',
  path: '/trace',
  face: 'page',
  needs: 'trace.read',
  over: 'list',
  run: (call) => shown(ctx, call),
});
