import { html } from 'hono/html';
import { statuses, type SubmissionStatus, types, type SubmissionType } from '../../inbound/submission/submission.ts';
import { findSubmissions, type SubmissionFilter } from '../../inbound/submission/submissions.ts';
import { paged } from '../api/cursor.ts';
import { senderFilter } from '../api/personal.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { KnownCall, Route } from '../route.ts';
import { pages } from './cells.ts';
import { consolePage } from './frame.ts';
import { submissionTable } from './submission-cells.ts';

const perPage = 50;
const dayMs = 86_400_000;

const oneOf = <T extends string>(value: string | null, known: readonly T[]): T | undefined =>
  known.find((word) => word === value);

const dayIn = (value: string | null): number | undefined => {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value ?? '') ? Date.parse(value ?? '') : NaN;
  return Number.isNaN(at) ? undefined : at;
};

/** What of the address is a filter; anything else in it is left out, so that old links still work. */
const filterOf = (call: KnownCall): SubmissionFilter => {
  const { url, reach } = call;
  const asked = url.searchParams;
  const own = reach();
  const eventType = /^\d{1,15}$/.test(asked.get('eventType') ?? '') ? Number(asked.get('eventType')) : undefined;
  const parts: { [K in keyof SubmissionFilter]: SubmissionFilter[K] | undefined } = {
    status: oneOf<SubmissionStatus>(asked.get('status'), statuses),
    type: oneOf<SubmissionType>(asked.get('type'), types),
    eventTypeId: eventType,
    ...senderFilter(call, asked.get('sender')?.trim() || undefined),
    from: dayIn(asked.get('from')),
    to: (dayIn(asked.get('to')) ?? NaN) + dayMs || undefined,
    eventTypeIds: own === 'all' ? undefined : 'eventTypes' in own ? own.eventTypes : [],
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
};

const choice = (name: string, title: string, known: readonly (string | number)[], asked: URLSearchParams): Html =>
  html`<label
    >${title}
    <select name="${name}">
      <option value="">any</option>
      ${known.map(
        (word) =>
          html`<option value="${word}" ${asked.get(name) === String(word) ? html`selected` : ''}>${word}</option>`,
      )}
    </select>
  </label>`;

const field = (name: string, title: string, type: string, asked: URLSearchParams): Html =>
  html`<label>${title} <input name="${name}" type="${type}" value="${asked.get(name) ?? ''}" /></label>`;

const filterForm = ({ url: { searchParams: asked } }: KnownCall, eventTypes: readonly number[]): Html =>
  html`<form class="filter" method="get">
    ${choice('status', 'Status', statuses, asked)} ${choice('type', 'Type', types, asked)}
    ${choice('eventType', 'Event type', eventTypes, asked)} ${field('sender', 'Sender', 'text', asked)}
    ${field('from', 'From (UTC)', 'date', asked)} ${field('to', 'To (UTC)', 'date', asked)}
    <button>Show</button> <a href="/submissions">All</a>
  </form>`;

const list = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const filter = filterOf(call);
  const cursor = call.url.searchParams.get('cursor') ?? undefined;
  const { items, next } = await paged({ limit: perPage, order: 'newest', cursor }, (page) =>
    findSubmissions(ctx.store.read, filter, page),
  );
  const own = call.reach();
  const eventTypes = own !== 'all' && 'eventTypes' in own ? own.eventTypes : [...ctx.settings().eventTypes.keys()];
  const full = call.may('personalData.read', {});
  return consolePage(call, {
    title: 'File submissions',
    body: html`<h1>File submissions</h1>
      ${filterForm(call, eventTypes)}
      <div id="log" data-live>
        ${submissionTable(items, 'Files, newest first', full, 'No file matches.')} ${pages(call.url, next)}
      </div>
      ${call.may('refusedMail.read', {}) ? html`<p><a href="/refused">Mail that was refused</a></p>` : ''}`,
  });
};

/** The file submissions log. */
export const submissionListRoute = (ctx: WebContext): Route => ({
  method: 'get',
  path: '/submissions',
  face: 'page',
  needs: 'submissions.read',
  over: 'list',
  run: (call) => list(ctx, call),
});
