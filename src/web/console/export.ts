import { html } from 'hono/html';
import type { Feed } from '../../outbound/feed/feed.ts';
import { countFrame } from '../../outbound/feed/feed-list.ts';
import type { TimeFrame } from '../../outbound/feed/time-frame.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import { narrowedTo } from '../frames.ts';
import { nothingHere } from '../problem.ts';
import { type Found, type KnownCall, type Route, routeOn } from '../route.ts';
import { badge, count, facts, time } from './cells.ts';
import { exporting } from './export-now.ts';
import { choiceIn, type FrameChoice, frameIn } from './frame-choice.ts';
import { consolePage, ownForm } from './frame.ts';

const find =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Feed> | undefined> => {
    const wanted = (await call.form()).get('feed');
    const thing = ctx.settings().feeds.find(({ name }) => name === wanted);
    return thing && { thing, subject: { feed: thing.name, partner: thing.partner }, name: `frame of ${thing.name}` };
  };

const chooseFeed = (own: readonly Feed[], chosen: Feed | undefined): Html =>
  html`<form class="filter" method="get">
    <label
      >Feed
      <select name="feed">
        ${own.map(({ name }) => html`<option ${name === chosen?.name ? html`selected` : ''}>${name}</option>`)}
      </select>
    </label>
    <button class="${chosen ? '' : 'main'}">${chosen ? 'Change' : 'Next'}</button>
  </form>`;

const moment = (name: string, title: string, value: string): Html =>
  html`<label>${title} <input type="datetime-local" name="${name}" value="${value}" required /></label>`;

const by = (chosen: TimeFrame['by'], { include }: Feed): Html =>
  html`<label
    >By
    <select name="by">
      <option value="created" ${chosen === 'created' ? html`selected` : ''}>
        ${include === 'new' ? 'when the row was created' : 'when the change was made'}
      </option>
      <option value="event" ${chosen === 'event' ? html`selected` : ''}>when the event was</option>
    </select>
  </label>`;

const campaignBoxes = ({ selection }: Feed, { campaigns }: FrameChoice): Html =>
  selection.campaigns === undefined || selection.campaigns.length < 2
    ? html``
    : html`<fieldset>
        <legend>Campaigns (none ticked: all of the feed)</legend>
        ${selection.campaigns.map(
          (one) =>
            html`<label class="tick"
              ><input type="checkbox" name="campaign" value="${one}" ${campaigns.includes(one) ? html`checked` : ''} />
              ${one}</label
            >`,
        )}
      </fieldset>`;

const chooseFrame = (feed: Feed, choice: FrameChoice): Html =>
  html`<form class="filter" method="get">
    <input type="hidden" name="feed" value="${feed.name}" />
    ${moment('from', `From (${feed.timezone})`, choice.from)}
    ${moment('to', `To, not included (${feed.timezone})`, choice.to)} ${by(choice.by, feed)}
    ${campaignBoxes(feed, choice)}
    <button class="main">Count the rows</button>
  </form>`;

const hidden = ({ name }: Feed, { from, to, by: column, campaigns }: FrameChoice): Html =>
  html`<input type="hidden" name="feed" value="${name}" /><input type="hidden" name="from" value="${from}" /><input
      type="hidden"
      name="to"
      value="${to}"
    /><input type="hidden" name="by" value="${column}" />${campaigns.map(
      (one) => html`<input type="hidden" name="campaign" value="${one}" />`,
    )}`;

const act = (call: KnownCall, feed: Feed, choice: FrameChoice, path: string, button: Html): Html =>
  html`<form class="inline" method="post" action="/export/${path}">
    ${ownForm(call)}${hidden(feed, choice)}${button}
  </form>`;

const deliverable = ({ retired, drops }: Feed): boolean => !retired && drops.length > 0;

const inBoth = (shown: string, { timezone }: Feed, at: number): Html =>
  html`${shown.replace('T', ' ')} in ${timezone} <span class="quiet">(by your clock ${time(at)})</span>`;

const ready = async (ctx: WebContext, call: KnownCall, feed: Feed, choice: FrameChoice): Promise<Html> => {
  const found = frameIn(choice, feed);
  if ('wrong' in found) return html`<p class="panel bad" role="status">${badge('bad', 'Not so')} ${found.wrong}</p>`;
  const { from, to } = found.frame;
  const rows = await countFrame(ctx.store.read, narrowedTo(feed, choice.campaigns), found.frame);
  return html`<h2>${count(rows)} ${rows === 1 ? 'row' : 'rows'}</h2>
    ${facts([
      ['From', inBoth(choice.from, feed, from)],
      ['To, not included', inBoth(choice.to, feed, to)],
      ['Campaigns', choice.campaigns.length > 0 ? choice.campaigns.join(', ') : 'all of the feed'],
      ['Drops', feed.drops.join(', ') || 'none'],
    ])}
    <p class="quiet">
      Nothing is written yet. The file has the feed's columns and form; it has no number and moves nothing of what the
      feed sends by itself. Rows that come in meanwhile are in it too.
    </p>
    <div class="actions">
      ${act(call, feed, choice, 'download', html`<button class="main">Download the file</button>`)}
      ${deliverable(feed) ? act(call, feed, choice, 'delivery', html`<button>Deliver to ${feed.drops.join(', ')}</button>`) : ''}
    </div>`;
};

const shown = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const reach = call.reach();
  const own = ctx
    .settings()
    .feeds.filter(({ name }) => reach === 'all' || ('feeds' in reach && reach.feeds.includes(name)));
  const asked = call.url.searchParams.get('feed');
  const chosen = asked === null && own.length === 1 ? own[0] : own.find(({ name }) => name === asked);
  if (asked !== null && !chosen) throw nothingHere();
  const choice = chosen && choiceIn(call.url.searchParams, chosen, ctx.clock.now());
  const counts = chosen && choice && call.url.searchParams.has('from');
  return consolePage(call, {
    title: 'Export',
    body: html`<h1>Export a time frame</h1>
      <p>Every row of a feed's selection in a span of time, as a file of its own.</p>
      ${own.length === 0 ? html`<p class="quiet">There is no feed that you may export.</p>` : chooseFeed(own, chosen)}
      ${chosen && choice ? chooseFrame(chosen, choice) : ''} ${counts ? await ready(ctx, call, chosen, choice) : ''}`,
  });
};

/** Manual export: choose, count, then download or deliver. */
export const exportRoutes = (ctx: WebContext): Route[] => {
  const { download, deliver } = exporting(ctx);
  return [
    {
      method: 'get',
      path: '/export',
      face: 'page',
      needs: 'frames.export',
      over: 'list',
      run: (call) => shown(ctx, call),
    },
    routeOn({ method: 'post', path: '/export/download', face: 'page', needs: 'frames.export' }, find(ctx), download),
    routeOn({ method: 'post', path: '/export/delivery', face: 'page', needs: 'frames.export' }, find(ctx), deliver),
  ];
};
