import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, fixedClock } from '../../src/clock.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import { shownKeysOf } from '../../src/drop/shown-keys.ts';
import type { EventType } from '../../src/ledger/event-type.ts';
import { silentLog } from '../../src/log.ts';
import type { DropPlan } from '../../src/outbound/delivery/delivery.ts';
import { openSpool } from '../../src/store/spool.ts';
import type { Store } from '../../src/store/store.ts';
import type { Intake, WebContext, WebSettings } from '../../src/web/context.ts';
import { endpoints } from '../../src/web/api/api.ts';
import { describe } from '../../src/web/api/openapi.ts';
import { makeMetrics } from '../../src/web/metrics.ts';
import { makeLink } from '../../src/web/people/links.ts';
import type { Scope } from '../../src/web/people/may.ts';
import { putPerson } from '../../src/web/people/people.ts';
import { createToken } from '../../src/web/people/tokens.ts';
import { checkReadiness } from '../../src/web/readiness.ts';
import { startWeb } from '../../src/web/start-web.ts';
import { makeHolder } from '../../src/work/leases.ts';
import { makeFeed } from '../feeds.ts';
import { answerBreaksOf } from './api/described.ts';

export const eventType = (id: number): EventType => ({
  id,
  name: `Sale ${id}`,
  code: `sale_${id}`,
  currency: 'USD',
  timezone: 'UTC',
  locking: { kind: 'open' },
  payout: { kind: 'keep' },
  dispositions: [{ code: 'DAMAGED', name: 'Arrived damaged', action: 'reject' }],
});

const intake = (id: number): Intake => ({
  addresses: [{ local: `sale-${id}` }, { local: `old-${id}`, until: '2027-01-31' }],
  ...{ senders: [`*@brand${id}.example`], authentication: 'record', reply: 'summary' },
});

/** Two partners with a feed each and two event types, so that there is always somebody else's. */
const settingsIn = (folder: string): WebSettings => ({
  partners: ['acme', 'bolt'].map((name) => ({ name, drops: [`${name}-folder`] })),
  feeds: [
    makeFeed({ name: 'acme-nightly', partner: 'acme', drops: ['acme-folder'] }),
    makeFeed({ name: 'bolt-nightly', partner: 'bolt', drops: ['bolt-folder'] }),
  ],
  drops: new Map(['acme', 'bolt'].map((name): [string, DropPlan] => [`${name}-folder`, folderDrop(folder, name)])),
  eventTypes: new Map([4521, 4522].map((id) => [id, eventType(id)])),
  intakes: new Map([4521, 4522].map((id) => [id, intake(id)])),
  mailDomain: 'files.nightdrop.example',
  ...{ url: undefined, base: 'http://127.0.0.1:8080', proxies: [], relay: undefined, channels: [] },
  maxUpload: 1024 ** 3,
});

const folderDrop = (folder: string, name: string): DropPlan => ({
  spec: {
    ...{ kind: 'folder', name: `${name}-folder`, folder: join(folder, name) },
    ...{ concurrency: 1, stepTimeout: 30_000, replace: false },
  },
  ...{ unknown: 'hold', giveUpAfter: 3_600_000, watchPickup: false },
});

export interface Answer {
  status: number;
  text: string;
  headers: Headers;
  /** Parsed on asking. */
  json<T = Record<string, unknown>>(): T;
}

/** Who asks: a token's text, or a session's cookie and form token. */
export type As = { token: string } | { cookie: string; formToken: string } | undefined;

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: NonNullable<RequestInit['body']>;
  as?: As;
}

/** A web that really listens, over a database, with a clock that stands still. */
export const openPlace = async (
  store: Store,
  more: Partial<WebSettings> = {},
  clock: Clock = fixedClock(startedAt),
) => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-web-'));
  const spool = await openSpool(join(folder, 'spool'));
  const settings = { ...settingsIn(folder), ...more };
  const errors: unknown[] = [];
  const ctx: WebContext = {
    ...{ store, spool, clock, log: silentLog, holder: makeHolder(), openDrop, random: Math.random },
    ...{ version: '1.2.3', settings: () => settings },
    dropSection: (name) => ({ kind: 'folder', folder: join(folder, name) }),
    ...{ shownKeys: shownKeysOf, underWay: new Set() },
  };
  const metrics = makeMetrics(store, clock);
  const parts = { metrics, readiness: () => checkReadiness(store, spool, () => true) };
  const web = await startWeb({ host: '127.0.0.1', port: 0 }, ctx, parts, (error) => errors.push(error));
  onTestFinished(async () => {
    metrics.close();
    await web.close();
    await rm(folder, { recursive: true, force: true });
  });
  const base = `http://127.0.0.1:${web.port}`;
  const document = describe(endpoints(ctx), ctx.version) as Record<string, unknown>;
  return {
    ...{ folder, spool, settings, errors, ctx, web, base, store, clock },
    ...asking(base, store, clock, document),
  };
};

const startedAt = '2026-11-21T02:00:00Z';

const headersOf = (as: As, base: string): Record<string, string> => {
  if (as === undefined) return {};
  if ('token' in as) return { Authorization: `Bearer ${as.token}` };
  return { Cookie: as.cookie, 'X-Form-Token': as.formToken, Origin: base };
};

/** Every answer of the API is held against its description, in every test that asks. */
const refuseUndescribed = (document: Record<string, unknown>, method: string, path: string, answer: Answer): void => {
  if (!path.startsWith('/api/v1/') || path === '/api/v1/') return;
  const media = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const breaks = answerBreaksOf(document, method, path, { status: answer.status, media, text: answer.text });
  if (breaks.length > 0) throw new Error(`not as described: ${breaks.join('; ')}\n${answer.text.slice(0, 500)}`);
};

const asking = (base: string, store: Store, clock: Clock, document: Record<string, unknown>) => {
  const ask = async (path: string, { method = 'GET', headers = {}, body, as }: Ask = {}): Promise<Answer> => {
    const init = { method, headers: { ...headersOf(as, base), ...headers }, redirect: 'manual' as const };
    const answer = await fetch(`${base}${path}`, body === undefined ? init : { ...init, body });
    const text = await answer.text();
    const json = <T>() => JSON.parse(text) as T;
    const came = { status: answer.status, text, headers: answer.headers, json };
    refuseUndescribed(document, method, new URL(path, base).pathname, came);
    return came;
  };
  const token = async (scope: Scope, lasts = 3_600_000): Promise<As> => {
    const made = await createToken(store, { name: scope.role, scope, lasts, now: clock.now() });
    return { token: made.text };
  };
  const link = async (name: string, scope: Scope): Promise<string> =>
    makeLink(store, (await putPerson(store, name, scope, clock.now())).id, clock.now());
  const redeem = (proof: string, headers: Record<string, string> = {}) =>
    ask(`/sign-in/${proof}`, { method: 'POST', headers: { Origin: base, ...headers } });
  const signIn = async (name: string, scope: Scope): Promise<{ cookie: string; formToken: string }> => {
    const { headers } = await redeem(await link(name, scope));
    const cookie = (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const me = await ask('/api/v1/me', { headers: { Cookie: cookie } });
    return { cookie, formToken: String(me.json()['formToken']) };
  };
  return { ask, token, link, redeem, signIn };
};

export type PlaceOfWeb = Awaited<ReturnType<typeof openPlace>>;
