import { html } from 'hono/html';
import { findDeliveries } from '../../outbound/delivery/deliveries.ts';
import type { Batch } from '../../outbound/feed/batch.ts';
import { findBatches } from '../../outbound/feed/batches.ts';
import { paged } from '../api/cursor.ts';
import { partnerOf, type WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import { type Found, idIn, type KnownCall, type Route, routeOn } from '../route.ts';
import { cell, type Column, count, facts, pages, size, table, time } from './cells.ts';
import { deliveryTable } from './delivery-cells.ts';
import { consolePage } from './frame.ts';

const perPage = 50;

const columns: readonly Column[] = [
  { title: 'File' },
  { title: 'Feed' },
  { title: 'Number', num: true },
  { title: 'Rows', num: true },
  { title: 'Size', num: true },
  { title: 'Frozen' },
  { title: 'For' },
];

const row = (one: Batch): Html =>
  html`<tr data-row>
    ${cell('File', html`<a href="/batches/${one.id}">${one.fileName}</a>`, 'file')} ${cell('Feed', one.feed)}
    ${cell('Number', one.number === null ? '–' : String(one.number), 'num')} ${cell('Rows', count(one.rows), 'num')}
    ${cell('Size', size(one.bytes), 'num')} ${cell('Frozen', time(one.frozenAt))}
    ${cell('For', one.occurrence === null ? 'by hand' : time(one.occurrence))}
  </tr>`;

const list = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const own = call.reach();
  const feed = call.url.searchParams.get('feed') ?? '';
  const cursor = call.url.searchParams.get('cursor') ?? undefined;
  const filter = {
    ...(feed !== '' && { feed }),
    ...(own !== 'all' && { feeds: 'feeds' in own ? own.feeds : [] }),
  };
  const { items, next } = await paged({ limit: perPage, order: 'newest', cursor }, (page) =>
    findBatches(ctx.store.read, filter, page),
  );
  return consolePage(call, {
    title: 'Batches',
    body: html`<h1>Batches${feed === '' ? '' : ` of ${feed}`}</h1>
      <div id="list" data-live>
        ${table('Frozen files, newest first', columns, items.map(row), 'Nothing was frozen yet.')}
        ${pages(call.url, next)}
      </div>`,
  });
};

const subjectOf = (ctx: WebContext, { feed }: Batch) => {
  const partner = partnerOf(ctx, feed);
  return { feed, ...(partner !== undefined && { partner }) };
};

const find =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Batch> | undefined> => {
    const id = idIn(call);
    const [thing] = id === undefined ? [] : await findBatches(ctx.store.read, { id });
    return thing && { thing, subject: subjectOf(ctx, thing), name: `batch ${thing.id}` };
  };

const range = ({ fromSequence, toSequence }: Batch): string =>
  fromSequence === null || toSequence === null ? 'a time frame' : `after ${fromSequence} up to ${toSequence}`;

const shown = async (ctx: WebContext, call: KnownCall, one: Batch): Promise<Response> => {
  const deliveries = await findDeliveries(ctx.store.read, { batchId: one.id });
  const download =
    one.expiredAt === null && call.may('batches.download', subjectOf(ctx, one))
      ? html`<p class="actions"><a href="/api/v1/batches/${one.id}/file" download>Download (${size(one.bytes)})</a></p>`
      : html`<p class="quiet">${one.expiredAt === null ? '' : 'Its bytes were let go of.'}</p>`;
  return consolePage(call, {
    title: one.fileName,
    body: html`<p class="crumb"><a href="/batches">Batches</a> / ${one.id}</p>
      <h1>${one.fileName}</h1>
      ${facts([
        ['Feed', html`<a href="/batches?feed=${encodeURIComponent(one.feed)}">${one.feed}</a>`],
        ['Number', one.number === null ? '– (manual export)' : String(one.number)],
        ['Rows', count(one.rows)],
        ['Journal', range(one)],
        ['Frozen', time(one.frozenAt)],
        ['Due', one.occurrence === null ? 'by hand' : time(one.occurrence)],
        ['SHA-256', html`<code>${one.sha256}</code>`],
        ['With it', one.companions.map(({ fileName }) => fileName).join(', ') || '–'],
      ])}
      ${download}
      <h2>Deliveries</h2>
      ${deliveryTable(deliveries, 'Deliveries of this batch', 'It goes to no drop.')}`,
  });
};

/** Batches: the list, and one with its deliveries. */
export const batchRoutes = (ctx: WebContext): Route[] => [
  {
    method: 'get',
    path: '/batches',
    face: 'page',
    needs: 'batches.read',
    over: 'list',
    run: (call) => list(ctx, call),
  },
  routeOn({ method: 'get', path: '/batches/:id', face: 'page', needs: 'batches.read' }, find(ctx), (call, one) =>
    shown(ctx, call, one),
  ),
];
