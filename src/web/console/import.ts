import { html } from 'hono/html';
import { acceptFile } from '../../inbound/submission/accept.ts';
import { formatOf } from '../../inbound/submission/reading.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { givenName, uploaded } from '../api/upload.ts';
import type { WebContext } from '../context.ts';
import { fileInForm } from '../multipart.ts';
import type { Html } from '../page.ts';
import { nothingHere } from '../problem.ts';
import { type Found, type KnownCall, type Route, routeOn } from '../route.ts';
import { size } from './cells.ts';
import { ownEventTypes } from './event-types.ts';
import { backTo, consolePage } from './frame.ts';
import { savedList } from './saved.ts';

const find =
  (ctx: WebContext) =>
  ({ url }: KnownCall): Promise<Found<EventType> | undefined> => {
    const thing = ctx.settings().eventTypes.get(Number(url.searchParams.get('eventType')));
    return Promise.resolve(thing && { thing, subject: { eventType: thing.id }, name: `import for ${thing.id}` });
  };

const chooseType = (own: readonly EventType[], chosen: EventType | undefined): Html =>
  html`<form class="filter" method="get">
    <label
      >Event type
      <select name="eventType">
        ${own.map(
          ({ id, name }) =>
            html`<option value="${id}" ${id === chosen?.id ? html`selected` : ''}>${id} (${name})</option>`,
        )}
      </select>
    </label>
    <button class="${chosen ? '' : 'main'}">${chosen ? 'Change' : 'Next'}</button>
  </form>`;

/** The token stands in the address, for the body is the file. */
const actionOf = ({ asker }: KnownCall, { id }: EventType): string =>
  `/import?${new URLSearchParams({ eventType: String(id), formToken: asker.session?.formToken ?? '' }).toString()}`;

const chooseFile = (call: KnownCall, one: EventType, most: number): Html =>
  html`<form class="stack" method="post" enctype="multipart/form-data" action="${actionOf(call, one)}">
    <label
      >File (CSV or XML, at most ${size(most)}) <input type="file" name="file" accept=".csv,.xml,text/csv" required
    /></label>
    <p class="quiet">
      Nothing is changed yet: next its columns are mapped, then a dry run says what would become of each line, and only
      then you import. <a href="/event-types/${one.id}">Templates and codes for ${one.name}</a>
    </p>
    <div class="actions"><button class="main">Upload</button></div>
  </form>`;

const shown = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const own = ownEventTypes(ctx, call);
  const asked = call.url.searchParams.get('eventType');
  const chosen = asked === null && own.length === 1 ? own[0] : own.find(({ id }) => String(id) === asked);
  if (asked !== null && !chosen) throw nothingHere();
  return consolePage(call, {
    title: 'Import',
    body: html`<h1>Import a file</h1>
      <p>Changes to actions, or new orders, for one event type.</p>
      ${own.length === 0 ? html`<p class="quiet">No event type is configured.</p>` : chooseType(own, chosen)}
      ${chosen ? chooseFile(call, chosen, ctx.settings().maxUpload) : ''}
      ${chosen ? await savedList(ctx, call, chosen) : ''}`,
  });
};

/**
 * The file as it comes is a dry run: its bytes are kept with it, and whoever may see the event type may go on from it.
 */
const take = async (ctx: WebContext, call: KnownCall, one: EventType): Promise<Response> => {
  const body = uploaded(call, ctx.settings().maxUpload);
  const { fileName, bytes } = await fileInForm(body, call.header('content-type') ?? '');
  const about = { channel: 'submit', sender: call.asker.who.name, message: null, check: true } as const;
  const { id } = await acceptFile(ctx, { ...about, fileName: givenName(fileName), eventTypeId: one.id }, bytes);
  return backTo(formatOf(fileName) === 'xml' ? `/submissions/${id}` : `/submissions/${id}/columns`);
};

/** The beginning of a manual import: an event type and a file. */
export const importRoutes = (ctx: WebContext): Route[] => [
  {
    method: 'get',
    path: '/import',
    face: 'page',
    needs: 'submissions.submit',
    over: 'list',
    run: (call) => shown(ctx, call),
  },
  routeOn({ method: 'post', path: '/import', face: 'page', needs: 'submissions.submit' }, find(ctx), (call, one) =>
    take(ctx, call, one),
  ),
];
