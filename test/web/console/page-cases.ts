import { consoleRoutes } from '../../../src/web/console/console.ts';
import { makeGateState } from '../../../src/web/people/gate.ts';
import type { Route } from '../../../src/web/route.ts';
import { allRoutes } from '../../../src/web/start-web.ts';
import type { setStage } from '../api/stage.ts';
import type { Ask, PlaceOfWeb } from '../place.ts';

export type Owned = Awaited<ReturnType<typeof setStage>>['mine'];
export type Role = 'ops' | 'advertiser' | 'partner';

/** A request to a page or by a form, and who may make it. */
export interface Case {
  /** Who has the action at all. Written out by hand: a change of the rules must be made twice. */
  who: readonly Role[];
  /** The request about what belongs to somebody. */
  path: (owned: Owned) => string;
  /** What a form holds. */
  form?: (owned: Owned) => Record<string, string>;
  /** The form holds a file. */
  file?: true;
  /** About one thing, so that somebody else's is 404; a list otherwise, whose filter may name what is not theirs. */
  one?: true;
}

const all: readonly Role[] = ['ops', 'advertiser', 'partner'];
const feedsPeople: readonly Role[] = ['ops', 'partner'];
const filesPeople: readonly Role[] = ['ops', 'advertiser'];
const ops: readonly Role[] = ['ops'];

const frame = { from: '2026-11-20T00:00', to: '2026-11-21T00:00', by: 'created' };
const frameOf = ({ feed }: Owned) => ({ feed, ...frame });

/** What is nobody's: as long as nothing of it is there, it must look the same as what is somebody else's. */
export const nobody: Owned = {
  ...{ feed: 'nobodys-nightly', batch: 98765, delivery: 98765, submission: 98765, mapping: 98765, eventType: 98765 },
  order: 'NOBODYS-ORDER',
};

const dropOf = ({ feed }: Owned): string => feed.replace('-nightly', '-folder');

/** Every page and form of the console, by method and path. A new one needs a line here. */
export const cases: Record<string, Case> = {
  'get /overview': { who: all, path: () => '/overview' },
  'post /sign-out': { who: all, path: () => '/sign-out', form: () => ({}) },
  'get /submissions': { who: filesPeople, path: ({ eventType }) => `/submissions?eventType=${eventType}` },
  'get /submissions/:id': { who: filesPeople, path: ({ submission }) => `/submissions/${submission}`, one: true },
  'post /submissions/:id/release': {
    ...{ who: ops, path: ({ submission }) => `/submissions/${submission}/release`, form: () => ({}), one: true },
  },
  'get /submissions/:id/columns': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/columns`, one: true },
  },
  'post /submissions/:id/columns': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/columns`, one: true },
    form: () => ({ do: 'look', column0: '' }),
  },
  'post /submissions/:id/mapping': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/mapping`, one: true },
    form: () => ({ name: 'monthly' }),
  },
  'post /mappings/:id/delete': {
    ...{ who: filesPeople, path: ({ mapping }) => `/mappings/${mapping}/delete`, form: () => ({}), one: true },
  },
  'post /submissions/:id/import': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/import`, form: () => ({}), one: true },
  },
  'get /refused': { who: ops, path: () => '/refused' },
  'get /deliveries': { who: feedsPeople, path: ({ feed }) => `/deliveries?feed=${feed}` },
  'get /deliveries/:id': { who: feedsPeople, path: ({ delivery }) => `/deliveries/${delivery}`, one: true },
  'post /deliveries/:id/release': {
    ...{ who: ops, path: ({ delivery }) => `/deliveries/${delivery}/release`, form: () => ({}), one: true },
  },
  'post /deliveries/:id/resend': {
    ...{ who: ops, path: ({ delivery }) => `/deliveries/${delivery}/resend`, form: () => ({}), one: true },
  },
  'post /deliveries/:id/settle': {
    ...{ who: ops, path: ({ delivery }) => `/deliveries/${delivery}/settle`, one: true },
    form: () => ({ reason: 'by mail' }),
  },
  'get /batches': { who: feedsPeople, path: ({ feed }) => `/batches?feed=${feed}` },
  'get /batches/:id': { who: feedsPeople, path: ({ batch }) => `/batches/${batch}`, one: true },
  'get /trace': { who: all, path: ({ order }) => `/trace?order=${order}` },
  'get /schedule': { who: feedsPeople, path: ({ feed }) => `/schedule?feed=${feed}` },
  'get /import': { who: filesPeople, path: ({ eventType }) => `/import?eventType=${eventType}` },
  'post /import': {
    ...{ who: filesPeople, path: ({ eventType }) => `/import?eventType=${eventType}`, file: true, one: true },
  },
  'get /export': { who: feedsPeople, path: (owned) => `/export?${new URLSearchParams(frameOf(owned)).toString()}` },
  'post /export/download': { who: feedsPeople, path: () => '/export/download', form: frameOf, one: true },
  'post /export/delivery': { who: feedsPeople, path: () => '/export/delivery', form: frameOf, one: true },
  'get /event-types': { who: filesPeople, path: () => '/event-types' },
  'get /event-types/:id': { who: filesPeople, path: ({ eventType }) => `/event-types/${eventType}`, one: true },
  'get /event-types/:id/templates/:name': {
    ...{ who: filesPeople, path: ({ eventType }) => `/event-types/${eventType}/templates/new-orders`, one: true },
  },
  'get /drops': { who: ops, path: () => '/drops' },
  'get /drops/:name': { who: ops, path: (owned) => `/drops/${dropOf(owned)}`, one: true },
  'post /drops/:name/examination': {
    ...{ who: ops, path: (owned) => `/drops/${dropOf(owned)}/examination`, form: () => ({}), one: true },
  },
};

/** Every route of a place. */
export const routesOf = ({ ctx }: PlaceOfWeb): Route[] => {
  const metrics = { contentType: '', text: () => Promise.resolve(''), close: () => undefined };
  return allRoutes(ctx, { metrics, readiness: () => Promise.resolve([]) }, makeGateState());
};

/** The pages and forms that are not for everybody. */
export const pageRoutes = (place: PlaceOfWeb): Route[] =>
  routesOf(place).filter(({ face, needs }) => face === 'page' && needs !== 'open');

/** The files that the pages are made with: open, and the same for everybody. */
export const assetsOf = (place: PlaceOfWeb): Route[] =>
  consoleRoutes(place.ctx).filter(({ needs }) => needs === 'open');

/** The request of a case; `token` is the form token that it carries. */
export const asked = (key: string, one: Case, owned: Owned, token: string): { path: string; ask: Ask } => {
  const method = (key.split(' ')[0] ?? '').toUpperCase();
  const path = one.path(owned);
  if (one.file) {
    const body = new FormData();
    body.set('file', new File(['OrderId,Amount,Reason\nA,1,OTHER\n'], 'returns.csv'));
    return { path: `${path}&${new URLSearchParams({ formToken: token }).toString()}`, ask: { method, body } };
  }
  if (!one.form) return { path, ask: { method } };
  return { path, ask: { method, body: new URLSearchParams({ ...one.form(owned), formToken: token }) } };
};

export const scopes = {
  ops: { role: 'ops' },
  advertiser: { role: 'advertiser', eventTypes: [4521] },
  partner: { role: 'partner', partners: ['acme'], feeds: [] },
} as const;
