import { html } from 'hono/html';
import { findRefusedMail, type RefusedMail } from '../../inbound/mail/refused-mail.ts';
import { paged } from '../api/cursor.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { KnownCall, Route } from '../route.ts';
import { cell, type Column, count, pages, table, time } from './cells.ts';
import { consolePage } from './frame.ts';

const perPage = 100;

const columns: readonly Column[] = [
  { title: 'When' },
  { title: 'Times', num: true },
  { title: 'Server' },
  { title: 'Sender' },
  { title: 'Recipient' },
  { title: 'Why' },
];

const row = ({ at, times, peer, envelopeFrom, recipient, reason, code }: RefusedMail): Html =>
  html`<tr>
    ${cell('When', time(at))} ${cell('Times', count(times), 'num')}
    ${cell('Server', html`<span class="mono nowrap">${peer}</span>`)} ${cell('Sender', envelopeFrom ?? '–', 'address')}
    ${cell('Recipient', recipient ?? '–', 'address')} ${cell('Why', `${code}: ${reason}`)}
  </tr>`;

const list = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const recipient = call.url.searchParams.get('recipient')?.trim().toLowerCase() ?? '';
  const cursor = call.url.searchParams.get('cursor') ?? undefined;
  const { items, next } = await paged({ limit: perPage, order: 'newest', cursor }, (page) =>
    findRefusedMail(ctx.store.read, recipient === '' ? {} : { recipient }, page),
  );
  return consolePage(call, {
    title: 'Refused mail',
    body: html`<p class="crumb"><a href="/submissions">File submissions</a></p>
      <h1>Refused mail</h1>
      <p>Mail that never became a submission: what the sender's server was told, and when.</p>
      <form class="filter" method="get">
        <label>Recipient <input name="recipient" value="${recipient}" size="32" /></label> <button>Show</button>
        <a href="/refused">All</a>
      </form>
      <div id="refused" data-live>
        ${table('Refused mail, newest first', columns, items.map(row), 'No mail was refused.')} ${pages(call.url, next)}
      </div>`,
  });
};

/** Mail that was refused. */
export const refusedRoute = (ctx: WebContext): Route => ({
  method: 'get',
  path: '/refused',
  face: 'page',
  needs: 'refusedMail.read',
  over: 'list',
  run: (call) => list(ctx, call),
});
