import { html } from 'hono/html';
import type { Submission } from '../../inbound/submission/submission.ts';
import { findSubmissions } from '../../inbound/submission/submissions.ts';
import type { FeedLine } from '../../outbound/feed/feed-list.ts';
import { type RecentRun, recentRuns } from '../../outbound/feed/recent-runs.ts';
import { boundsText } from '../../outbound/feed/unusual.ts';
import { findDeliveries } from '../../outbound/delivery/deliveries.ts';
import { type AlertLine, listAlerts } from '../../watch/alert-line.ts';
import type { WebContext } from '../context.ts';
import { feedLines } from '../feed-lines.ts';
import { mayEver } from '../people/may.ts';
import type { Html } from '../page.ts';
import type { KnownCall, Route } from '../route.ts';
import { badge, count, time } from './cells.ts';
import { deliveryTable } from './delivery-cells.ts';
import { consolePage } from './frame.ts';
import { submissionTable } from './submission-cells.ts';

/** As many runs as a chart shows. */
const runsShown = 20;
const newest = { newestFirst: true, count: 10 } as const;

const alertItem = ({ kind, subject, text, hint, openedAt }: AlertLine): Html =>
  html`<li class="panel bad">
    <p>${badge('bad', kind)} <strong>${subject}</strong> <span class="quiet">since ${time(openedAt)}</span></p>
    <p>${text}</p>
    <p><strong>What to do:</strong> ${hint}</p>
  </li>`;

const alerts = async (ctx: WebContext, call: KnownCall): Promise<Html> => {
  if (!call.may('alerts.read', {})) return html``;
  const open = await listAlerts(ctx.store.read, { all: false });
  return open.length === 0
    ? html`<p class="panel good">${badge('good', 'No open alert')}</p>`
    : html`<ul class="needs">
        ${open.map(alertItem)}
      </ul>`;
};

const heldDeliveries = async (ctx: WebContext, call: KnownCall): Promise<Html> => {
  if (!mayEver(call.asker.scope, 'deliveries.read')) return html``;
  const own = call.reach('deliveries.read');
  const filter = { states: ['held'] as const, ...(own !== 'all' && { feeds: 'feeds' in own ? own.feeds : [] }) };
  const held = await findDeliveries(ctx.store.read, filter, newest);
  return held.length === 0
    ? html``
    : html`<h2>Deliveries that wait for a person</h2>
        ${deliveryTable(held, 'Held deliveries, newest first', '')}`;
};

const own = (call: KnownCall) => {
  const reach = call.reach('submissions.read');
  return reach === 'all' ? {} : { eventTypeIds: 'eventTypes' in reach ? reach.eventTypes : [] };
};

const troubled = async (ctx: WebContext, call: KnownCall): Promise<Submission[]> => {
  const of = (status: 'Held' | 'Failed') =>
    findSubmissions(ctx.store.read, { ...own(call), status, check: false }, newest);
  return (await Promise.all([of('Held'), of('Failed')])).flat().sort((a, b) => b.id - a.id);
};

const submissions = async (ctx: WebContext, call: KnownCall): Promise<Html> => {
  if (!mayEver(call.asker.scope, 'submissions.read')) return html``;
  const full = call.may('personalData.read', {});
  const [trouble, recent] = await Promise.all([
    troubled(ctx, call),
    findSubmissions(ctx.store.read, own(call), newest),
  ]);
  return html`${
      trouble.length === 0
        ? ''
        : html`<h2>Files that were held or failed</h2>
            ${submissionTable(trouble, 'Held and failed files, newest first', full, '')}`
    }
    <h2>File submissions</h2>
    ${submissionTable(recent, 'The newest files', full, 'No file has come in yet.')}
    <p><a href="/submissions">All file submissions</a></p>`;
};

/** Rows of a feed's last runs; the newest on the right. */
const bars = (runs: readonly RecentRun[]): Html => {
  const rows = runs.map((one) => one.rows).reverse();
  const most = Math.max(1, ...rows);
  const width = 100 / runsShown;
  const summary = `rows of the last ${rows.length} files: ${rows.join(', ')}`;
  return html`<svg class="bars" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label="${summary}">
    ${rows.map((n, i) => {
      const height = n === 0 ? 1 : Math.max(1, (n / most) * 30);
      const x = (runsShown - rows.length + i) * width;
      return html`<rect
        x="${x + 0.5}"
        y="${30 - height}"
        width="${width - 1}"
        height="${height}"
        class="${n === 0 ? 'empty' : ''}"
      >
        <title>${count(n)} rows</title>
      </rect>`;
    })}
  </svg>`;
};

const card = (feed: FeedLine, runs: readonly RecentRun[]): Html => {
  const [last] = runs;
  return html`<li class="card">
    <h3><a href="/batches?feed=${encodeURIComponent(feed.feed)}">${feed.feed}</a></h3>
    ${bars(runs)}
    <p>
      ${
        last
          ? html`Last file: <a href="/batches/${last.id}">${count(last.rows)} rows</a>, ${time(last.frozenAt)}`
          : 'No file yet'
      }
    </p>
    <p>
      Next run: ${time(feed.nextRun, 'retired')} <span class="quiet nowrap">(${feed.schedule}, ${feed.timezone})</span>
    </p>
    <p>${count(feed.pending)} rows wait for it</p>
    ${feed.hold ? html`<p class="quiet">A file over ${boundsText(feed.hold)} waits for release</p>` : ''}
  </li>`;
};

const feeds = async (ctx: WebContext, call: KnownCall): Promise<Html> => {
  if (!mayEver(call.asker.scope, 'feeds.read')) return html``;
  const reach = call.reach('feeds.read');
  const mine = ctx
    .settings()
    .feeds.filter(
      ({ name, retired }) => !retired && (reach === 'all' || ('feeds' in reach && reach.feeds.includes(name))),
    );
  const names = mine.map(({ name }) => name);
  const [lines, runs] = await Promise.all([feedLines(ctx, call, mine), recentRuns(ctx.store.read, names, runsShown)]);
  return html`<h2>Feeds</h2>
    <ul class="needs cards">
      ${lines.map((line) => card(line, runs.get(line.feed) ?? []))}
    </ul>`;
};

const shown = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const parts = await Promise.all([alerts, heldDeliveries, feeds, submissions].map((part) => part(ctx, call)));
  return consolePage(call, {
    title: 'Overview',
    body: html`<h1>Overview</h1>
      <div id="overview" data-live>${parts}</div>`,
  });
};

/** What ran, what is next, and first of all what needs a person. */
export const overviewRoute = (ctx: WebContext): Route => ({
  method: 'get',
  path: '/overview',
  face: 'page',
  needs: 'signed-in',
  run: (call) => shown(ctx, call),
});
