import { html } from 'hono/html';
import { type FeedRun, previewFeeds } from '../../outbound/feed/feed-schedule.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { KnownCall, Route } from '../route.ts';
import { badge, cell, type Column, table, time } from './cells.ts';
import { consolePage } from './frame.ts';

const runsPerFeed = 30;

const columns: readonly Column[] = [
  { title: 'When' },
  { title: 'Feed' },
  { title: "In the feed's zone" },
  { title: 'Clock change' },
];

const row = ({ feed, utc, local, note }: FeedRun): Html =>
  html`<tr>
    ${cell('When', time(utc))} ${cell('Feed', feed)}
    ${cell("In the feed's zone", html`<span class="mono">${local}</span>`)}
    ${cell('Clock change', note === '' ? '' : badge('warn', note))}
  </tr>`;

const shown = (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const reach = call.reach();
  const wanted = call.url.searchParams.get('feed') ?? '';
  const mine = ctx
    .settings()
    .feeds.filter(({ name }) => reach === 'all' || ('feeds' in reach && reach.feeds.includes(name)));
  const chosen = wanted === '' ? mine : mine.filter(({ name }) => name === wanted);
  const runs = previewFeeds(chosen, ctx.clock.now(), runsPerFeed).sort((a, b) => (a.utc < b.utc ? -1 : 1));
  return consolePage(call, {
    title: 'Schedule',
    body: html`<h1>Schedule</h1>
      <form class="filter" method="get">
        <label
          >Feed
          <select name="feed">
            <option value="">all</option>
            ${mine.map(({ name }) => html`<option ${name === wanted ? html`selected` : ''}>${name}</option>`)}
          </select>
        </label>
        <button>Show</button>
      </form>
      ${table(`The next ${runsPerFeed} runs of each feed; days on which a clock changes are marked`, columns, runs.map(row), 'No feed has a next run.')}`,
  });
};

/** The next runs, with the days on which a clock changes. */
export const scheduleRoute = (ctx: WebContext): Route => ({
  method: 'get',
  path: '/schedule',
  face: 'page',
  needs: 'schedule.read',
  over: 'list',
  run: (call) => shown(ctx, call),
});
