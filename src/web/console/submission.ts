import { html } from 'hono/html';
import { findMessage, type MailMessage } from '../../inbound/mail/messages.ts';
import { type Outcome, outcomes } from '../../inbound/submission/outcome.ts';
import { releaseSubmission } from '../../inbound/submission/release.ts';
import { findRowPage } from '../../inbound/submission/row-page.ts';
import { sayingWhatItWaitsFor, type Submission } from '../../inbound/submission/submission.ts';
import { findSubmission } from '../../inbound/submission/submissions.ts';
import { paged } from '../api/cursor.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { Action } from '../people/may.ts';
import { type Found, idIn, type KnownCall, type Route, routeOn } from '../route.ts';
import { cell, type Column, count, facts, pages, size, table, time } from './cells.ts';
import { backTo, consolePage, ownForm, shownIn } from './frame.ts';
import { importActions, importNow } from './import-now.ts';
import { chosenColumns, columnsPage } from './mapping.ts';
import { saveAtReview, savedAtReview } from './saved.ts';
import { outcomeBadge, shownSender, statusBadge } from './submission-cells.ts';

const rowsPerPage = 100;

const find =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Submission> | undefined> => {
    const id = idIn(call);
    const thing = id === undefined ? undefined : await findSubmission(ctx.store.read, id);
    if (!thing) return undefined;
    const shown = sayingWhatItWaitsFor(thing, ctx.settings().eventTypes);
    return { thing: shown, subject: { eventType: thing.eventTypeId }, name: `submission ${thing.id}` };
  };

const isOutcome = (word: string | null): word is Outcome => word !== null && Object.hasOwn(outcomes, word);

const countList = (one: Submission, chosen: string | null): Html =>
  html`<ul class="counts" aria-label="Outcomes">
    ${Object.entries(one.outcomes).map(
      ([code, n]) =>
        html`<li>
          <a href="/submissions/${one.id}?outcome=${code}" ${chosen === code ? html`aria-current="true"` : ''}
            >${outcomeBadge(code as Outcome)}</a
          >
          ${count(n)}
        </li>`,
    )}
    ${chosen === null ? '' : html`<li><a href="/submissions/${one.id}">all lines</a></li>`}
  </ul>`;

const columns: readonly Column[] = [
  { title: 'Line', num: true },
  { title: 'Order' },
  { title: 'Outcome' },
  { title: 'What it says' },
  { title: 'What to do' },
];

const lines = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Html> => {
  const asked = call.url.searchParams;
  const outcome = asked.get('outcome');
  const cursor = asked.get('cursor') ?? undefined;
  const { items, next } = await paged({ limit: rowsPerPage, order: 'oldest', cursor }, (page) =>
    findRowPage(ctx.store.read, one.id, isOutcome(outcome) ? { outcome } : {}, page),
  );
  const rows = items.map(
    ({ line, orderId, outcome: code, message, hint }) =>
      html`<tr data-row>
        ${cell('Line', String(line), 'num')}
        ${cell('Order', orderId === null ? '–' : html`<a class="nowrap" href="/trace?order=${encodeURIComponent(orderId)}">${orderId}</a>`)}
        ${cell('Outcome', outcomeBadge(code))} ${cell('What it says', message)} ${cell('What to do', hint)}
      </tr>`,
  );
  return html`${countList(one, outcome)} ${table('Lines of the file', columns, rows, 'No line has an outcome yet.')}
  ${pages(call.url, next)}`;
};

/** What proves where a mail came from. Only for those who may see who sent it. */
const evidence = ({ peer, helo, tls, envelopeFrom, evidence: found }: MailMessage): Html =>
  html`<h2>How it came</h2>
    ${facts([
      ['Envelope sender', envelopeFrom ?? '(null sender)'],
      ['From header', found ? found.headerFrom.join(', ') || '–' : '–'],
      ['Server', `${peer}${helo === null ? '' : `, said ${helo}`}`],
      ['Connection', tls ?? 'not encrypted'],
      [
        'SPF, DKIM, DMARC',
        found ? `${found.spf ?? '–'}, ${found.dkim ?? '–'}, ${found.dmarc ?? '–'}` : 'not looked at',
      ],
      ['Found', found && found.reasons.length > 0 ? found.reasons.join(' ') : undefined],
    ])}`;

const wholeFile = ({ error, status, duplicateOf }: Submission): Html => {
  if (error !== null)
    return html`<div class="panel ${status === 'Held' ? 'warn' : 'bad'}" role="status"><p>${error}</p></div>`;
  if (status !== 'Duplicate') return html``;
  return html`<div class="panel" role="status">
    <p>
      The same bytes came before as <a href="/submissions/${duplicateOf}">submission ${duplicateOf}</a>, so nothing was
      applied. If it was meant to be sent twice, release it.
    </p>
  </div>`;
};

const releasable = ({ status, expiredAt }: Submission): boolean =>
  (status === 'Duplicate' || status === 'Held') && expiredAt === null;

const actions = (call: KnownCall, one: Submission): Html => {
  const file = `/api/v1/submissions/${one.id}`;
  const own = { eventType: one.eventTypeId };
  const files = call.may('submissions.download', own) && one.expiredAt === null;
  return html`<div class="actions">
    ${
      releasable(one) && call.may('submissions.release', own)
        ? html`<form method="post" action="/submissions/${one.id}/release">
            ${ownForm(call)}<input type="hidden" name="releases" value="${one.releases}" />
            <button class="main">Release: process it after all</button>
            <label class="tick"
              ><input type="checkbox" name="anyway" value="yes" /> even where later files have changed actions
              since</label
            >
          </form>`
        : ''
    }
    ${files ? html`<a href="${file}/original" download>File as it came (${size(one.bytes)})</a>` : ''}
    ${files && one.resultSpool !== null ? html`<a href="${file}/result" download>Result file</a>` : ''}
    ${one.expiredAt === null ? '' : html`<span class="quiet">Its files were let go of ${time(one.expiredAt)}.</span>`}
  </div>`;
};

const shown = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Response> => {
  const full = call.may('personalData.read', {});
  const message = full && one.message ? await findMessage(ctx.store.read, one.message.messageId) : undefined;
  const name = ctx.settings().eventTypes.get(one.eventTypeId)?.name;
  return consolePage(call, {
    title: one.fileName,
    body: html`<p class="crumb"><a href="/submissions">File submissions</a> / ${one.id}</p>
      <h1>${one.fileName}</h1>
      <div id="state" data-live>
        ${facts([
          ['Status', html`${statusBadge(one)}${one.check ? ' dry run: nothing was changed' : ''}`],
          ['Event type', `${one.eventTypeId}${name === undefined ? '' : ` (${name})`}`],
          ['Type', one.type ?? '–'],
          ['From', `${shownSender(one, full)}, by ${one.channel}`],
          ['Received', time(one.receivedAt)],
          ['Completed', time(one.completedAt, 'not yet')],
          ['Notes', one.notes.length > 0 ? one.notes.join(' ') : undefined],
        ])}
        ${wholeFile(one)} ${importActions(call, one)} ${await savedAtReview(ctx, call, one)} ${actions(call, one)}
        <h2>Lines</h2>
        ${await lines(ctx, call, one)}
      </div>
      ${message ? evidence(message) : ''}
      <h2>Bytes</h2>
      ${facts([
        ['Size', `${count(one.bytes)} bytes`],
        ['SHA-256', html`<code>${one.sha256}</code>`],
      ])}`,
  });
};

const release = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Response> => {
  const form = await call.form();
  const shown = shownIn(form, 'releases');
  await releaseSubmission(ctx.store, one.id, {
    anyway: form.get('anyway') === 'yes',
    ...(shown !== undefined && { shown }),
  });
  return backTo(`/submissions/${one.id}`);
};

type Shown = (call: KnownCall, one: Submission) => Promise<Response>;

/** One submission: the outcomes of its lines, its release, and importing a file by hand. */
export const submissionRoutes = (ctx: WebContext): Route[] => {
  const on = (method: 'get' | 'post', rest: string, needs: Action, run: Shown): Route =>
    routeOn({ method, path: `/submissions/:id${rest}`, face: 'page', needs }, find(ctx), run);
  return [
    on('get', '', 'submissions.read', (call, one) => shown(ctx, call, one)),
    on('post', '/release', 'submissions.release', (call, one) => release(ctx, call, one)),
    on('get', '/columns', 'submissions.submit', (call, one) => columnsPage(ctx, call, one)),
    on('post', '/columns', 'submissions.submit', (call, one) => chosenColumns(ctx, call, one)),
    on('post', '/mapping', 'mappings.write', (call, one) => saveAtReview(ctx, call, one)),
    on('post', '/import', 'submissions.submit', (call, one) => importNow(ctx, call, one)),
  ];
};
