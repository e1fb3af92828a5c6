import { html } from 'hono/html';
import { standardCodesOf } from '../../ledger/disposition.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { attachment } from '../api/download.ts';
import type { WebContext } from '../context.ts';
import { type Mailed, mailedTo } from '../mailed-to.ts';
import type { Html } from '../page.ts';
import { nothingHere } from '../problem.ts';
import { type Found, idIn, type KnownCall, type Route, routeOn } from '../route.ts';
import { cell, type Column, facts, table } from './cells.ts';
import { actionText, authenticationText, lockingText, replyText } from './event-type-words.ts';
import { consolePage } from './frame.ts';
import { templates, templateText } from '../templates.ts';

const find =
  (ctx: WebContext) =>
  (call: KnownCall): Promise<Found<EventType> | undefined> => {
    const thing = ctx.settings().eventTypes.get(idIn(call) ?? 0);
    return Promise.resolve(thing && { thing, subject: { eventType: thing.id }, name: `event type ${thing.id}` });
  };

/** The event types that the one who asks may see, by number. */
export const ownEventTypes = (ctx: WebContext, call: KnownCall): EventType[] => {
  const reach = call.reach();
  const all = [...ctx.settings().eventTypes.values()].toSorted((a, b) => a.id - b.id);
  return all.filter(({ id }) => reach === 'all' || ('eventTypes' in reach && reach.eventTypes.includes(id)));
};

const columns: readonly Column[] = [
  { title: 'Event type', num: true },
  { title: 'Name' },
  { title: 'Address' },
  { title: 'Currency' },
  { title: 'Locking' },
];

const firstAddress = (ctx: WebContext, id: number): string =>
  mailedTo(ctx.settings(), id)?.addresses[0]?.address ?? 'none';

const row = (ctx: WebContext, one: EventType): Html =>
  html`<tr data-row>
    ${cell('Event type', html`<a href="/event-types/${one.id}">${one.id}</a>`, 'num')}
    ${cell('Name', html`<a href="/event-types/${one.id}">${one.name}</a>`)}
    ${cell('Address', html`<span class="mono">${firstAddress(ctx, one.id)}</span>`)} ${cell('Currency', one.currency)}
    ${cell('Locking', lockingText(one))}
  </tr>`;

const list = (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const own = ownEventTypes(ctx, call);
  return consolePage(call, {
    title: 'Event types',
    body: html`<h1>Event types</h1>
      ${table(
        'Where files for each of them go, and until when its actions can be changed',
        columns,
        own.map((one) => row(ctx, one)),
        'No event type is configured: a file event-types/NUMBER.yaml makes one.',
      )}`,
  });
};

const addressLine = (text: string, why: string): Html =>
  html`<li>
    <code>${text}</code> <button type="button" data-copy="${text}" aria-label="Copy ${text}">Copy</button>
    <span class="quiet">${why}</span>
  </li>`;

const addressList = ({ timezone }: EventType, { addresses }: Mailed): Html =>
  html`<ul class="plain">
    ${addresses.map(({ address, check, until }) => {
      const end = until === null ? '' : `, until the end of ${until} (${timezone})`;
      return html`${addressLine(address, `files are applied${end}`)}
      ${addressLine(check, `a dry run: the outcomes of each line, nothing changes${end}`)}`;
    })}
  </ul>`;

const byMail = (ctx: WebContext, one: EventType): Html => {
  const mailed = mailedTo(ctx.settings(), one.id);
  if (!mailed) return html`<p>Files for it are not taken by mail: no address is configured.</p>`;
  const { senders, authentication, reply } = mailed;
  return html`${addressList(one, mailed)}
  ${facts([
    ['Who may send', html`<span class="mono">${senders.join(', ')}</span>`],
    ['Proof of the sender', authenticationText[authentication]],
    ['Answer', replyText[reply]],
  ])}`;
};

const codeColumns: readonly Column[] = [{ title: 'Code' }, { title: 'Name' }, { title: 'What it does' }];

const ownCodes = ({ dispositions }: EventType): Html =>
  table(
    'Its own codes; they are case-sensitive',
    codeColumns,
    dispositions.map(
      ({ code, name, action }) =>
        html`<tr>
          ${cell('Code', html`<code>${code}</code>`)} ${cell('Name', name)} ${cell('What it does', actionText[action])}
        </tr>`,
    ),
    'It has no codes of its own.',
  );

const codes = (one: EventType): Html =>
  html`${ownCodes(one)}
    <p>
      Standard codes, with which the amount decides (0 reverses, anything else changes); RESET undoes earlier changes:
    </p>
    <ul class="counts">
      ${standardCodesOf(one).map((code) => html`<li><code>${code}</code></li>`)}
    </ul>`;

const templateList = ({ id }: EventType): Html =>
  html`<ul>
    ${templates.map(
      ({ name, text }) =>
        html`<li><a href="/event-types/${id}/templates/${name}" download>${name}.csv</a>: ${text}</li>`,
    )}
  </ul>`;

const shown = (ctx: WebContext, call: KnownCall, one: EventType): Promise<Response> =>
  consolePage(call, {
    title: one.name,
    body: html`<p class="crumb"><a href="/event-types">Event types</a> / ${one.id}</p>
      <h1>${one.name}</h1>
      ${facts([
        ['Number', html`<code>${one.id}</code> <span class="quiet">(ActionTrackerId)</span>`],
        ['Code', html`<code>${one.code}</code>`],
        ['Currency', `${one.currency}, unless a line names another`],
        ['Locking', lockingText(one)],
      ])}
      <div class="actions">
        <a href="/submissions?eventType=${one.id}">Its file submissions</a>
        ${call.may('submissions.submit', { eventType: one.id }) ? html`<a href="/import?eventType=${one.id}">Import a file</a>` : ''}
      </div>
      <h2>By mail</h2>
      ${byMail(ctx, one)}
      <h2>Templates</h2>
      ${templateList(one)}
      <h2>Disposition codes</h2>
      ${codes(one)}`,
  });

const template = ({ params }: KnownCall, one: EventType): Promise<Response> => {
  const found = templates.find(({ name }) => name === params['name']);
  if (!found) throw nothingHere();
  const headers = { 'Content-Type': 'text/csv; charset=utf-8', 'Content-Disposition': attachment(`${found.name}.csv`) };
  return Promise.resolve(new Response(templateText(found, one), { headers }));
};

/** Event types: where their files go, what they may hold, and templates. */
export const eventTypeRoutes = (ctx: WebContext): Route[] => [
  {
    method: 'get',
    path: '/event-types',
    face: 'page',
    needs: 'eventTypes.read',
    over: 'list',
    run: (call) => list(ctx, call),
  },
  routeOn({ method: 'get', path: '/event-types/:id', face: 'page', needs: 'eventTypes.read' }, find(ctx), (call, one) =>
    shown(ctx, call, one),
  ),
  routeOn(
    { method: 'get', path: '/event-types/:id/templates/:name', face: 'page', needs: 'eventTypes.read' },
    find(ctx),
    (call, one) => template(call, one),
  ),
];
