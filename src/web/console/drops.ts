import { html } from 'hono/html';
import type { DropSpec } from '../../drop/drop.ts';
import { learnedText } from '../../drop/learned-text.ts';
import { type DropLine, listDrops } from '../../outbound/delivery/drop-list.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { Found, KnownCall, Route } from '../route.ts';
import { routeOn } from '../route.ts';
import { badge, cell, type Column, count, facts, table, time } from './cells.ts';
import { examination } from './drop-report.ts';
import { consolePage, ownForm } from './frame.ts';

const find =
  (ctx: WebContext) =>
  ({ params }: KnownCall): Promise<Found<DropSpec> | undefined> => {
    const thing = ctx.settings().drops.get(params['name'] ?? '')?.spec;
    return Promise.resolve(thing && { thing, subject: {}, name: `drop ${thing.name}` });
  };

const pathOf = (name: string): string => `/drops/${encodeURIComponent(name)}`;

/** The feeds that deliver there; retired ones are left out. */
const feedsOf = (ctx: WebContext, drop: string): string[] =>
  ctx.settings().feeds.flatMap(({ name, drops, retired }) => (!retired && drops.includes(drop) ? [name] : []));

const columns: readonly Column[] = [
  { title: 'Drop' },
  { title: 'Place' },
  { title: 'Feeds' },
  { title: 'Pending', num: true },
  { title: 'Held', num: true },
  { title: 'Last delivered' },
  { title: 'Learned' },
];

const heldCell = (held: number): Html | string => (held > 0 ? badge('bad', count(held)) : '0');

const row = (ctx: WebContext, { drop, place, pending, held, lastDeliveredAt, learned }: DropLine): Html =>
  html`<tr data-row>
    ${cell('Drop', html`<a href="${pathOf(drop)}">${drop}</a>`)}
    ${cell('Place', html`<span class="mono">${place}</span>`, 'file')}
    ${cell('Feeds', feedsOf(ctx, drop).join(', ') || '–')} ${cell('Pending', count(pending), 'num')}
    ${cell('Held', heldCell(held), 'num')} ${cell('Last delivered', time(lastDeliveredAt, 'never'))}
    ${cell('Learned', learnedText(learned))}
  </tr>`;

const list = async (ctx: WebContext, call: KnownCall): Promise<Response> => {
  const lines = await listDrops(
    ctx.store,
    [...ctx.settings().drops.values()].map(({ spec }) => spec),
  );
  return consolePage(call, {
    title: 'Drops',
    body: html`<h1>Drops</h1>
      <div id="drops" data-live>
        ${table(
          'Where files go, what waits for each place, and what connections have learned about it',
          columns,
          lines.map((line) => row(ctx, line)),
          'No drop is configured.',
        )}
      </div>`,
  });
};

/** What is pinned in the configuration. */
const pinned = (spec: DropSpec): readonly string[] | undefined => {
  switch (spec.kind) {
    case 'folder':
      return undefined;
    case 'sftp':
      return spec.hostKeys;
    case 'ftps':
      return spec.certificates ?? [];
    default:
      return spec satisfies never;
  }
};

const noPin = (spec: DropSpec): string =>
  spec.kind === 'ftps' ? 'none: the certificate must be good by name and authority' : 'none: nothing is trusted yet';

const keys = (spec: DropSpec, { trusted }: DropLine): Html | undefined => {
  const configured = pinned(spec);
  if (!configured) return undefined;
  return html`<ul class="plain">
    ${configured.map((key) => html`<li><code>${key}</code> <span class="quiet">in the configuration</span></li>`)}
    ${trusted.map(
      ({ fingerprint, type, trustedAt, by }) =>
        html`<li>
          <code>${fingerprint}</code> <span class="quiet">${type}, trusted ${time(trustedAt)} by ${by}</span>
        </li>`,
    )}
    ${configured.length + trusted.length === 0 ? html`<li>${noPin(spec)}</li>` : ''}
  </ul>`;
};

const doctorForm = (call: KnownCall, name: string): Html =>
  call.may('drops.examine', {})
    ? html`<h2>Try it</h2>
        <p>
          The doctor signs in as a delivery does, writes a few small files whose names begin with
          <code>.nightdrop-doctor-</code>, removes them again, and says of each step what it saw. It takes up to a
          minute.
        </p>
        <form method="post" action="${pathOf(name)}/examination">
          ${ownForm(call)}<button class="main">Examine the drop</button>
        </form>`
    : html``;

const shown = async (ctx: WebContext, call: KnownCall, spec: DropSpec): Promise<Response> => {
  const [line] = await listDrops(ctx.store, [spec]);
  if (!line) throw new Error(`the drop ${spec.name} has no line`);
  const feeds = feedsOf(ctx, spec.name);
  return consolePage(call, {
    title: spec.name,
    body: html`<p class="crumb"><a href="/drops">Drops</a> / ${spec.name}</p>
      <h1>${spec.name}</h1>
      ${facts([
        ['Place', html`<span class="mono">${line.place}</span>`],
        ['Kind', spec.kind],
        ['Feeds', feeds.length > 0 ? feeds.join(', ') : 'none delivers there'],
        ['Pending', count(line.pending)],
        [
          'Held',
          line.held > 0 ? html`${heldCell(line.held)} <a href="/deliveries?state=held">Held deliveries</a>` : '0',
        ],
        ['Last delivered', time(line.lastDeliveredAt, 'never')],
        [
          'Learned',
          html`${learnedText(line.learned)}
          ${line.learnedAt === null ? '' : html`<span class="quiet">(${time(line.learnedAt)})</span>`}`,
        ],
        ['Trusted keys', keys(spec, line)],
      ])}
      ${doctorForm(call, spec.name)}`,
  });
};

/** Drops, and the doctor's report on one. */
export const dropRoutes = (ctx: WebContext): Route[] => {
  const examine = examination(ctx);
  return [
    {
      method: 'get',
      path: '/drops',
      face: 'page',
      needs: 'drops.read',
      over: 'service',
      run: (call) => list(ctx, call),
    },
    routeOn({ method: 'get', path: '/drops/:name', face: 'page', needs: 'drops.read' }, find(ctx), (call, spec) =>
      shown(ctx, call, spec),
    ),
    routeOn(
      { method: 'post', path: '/drops/:name/examination', face: 'page', needs: 'drops.examine' },
      find(ctx),
      examine,
    ),
  ];
};
