import type { setStage } from './stage.ts';

/** What belongs to somebody, with a person and a token, which belong to ops. */
export type Owned = Awaited<ReturnType<typeof setStage>>['mine'] & { person: number; token: string };
export type Role = 'ops' | 'advertiser' | 'partner';

/** A request to an endpoint, and who may make it. */
export interface Case {
  /** Who has the action at all. Written out by hand: a change of the rules must be made twice. */
  who: readonly Role[];
  /** The request about what belongs to somebody. */
  path: (owned: Owned) => string;
  body?: string;
  /** About one thing, so that somebody else's is 404; a list otherwise. */
  one?: true;
  /** The thing stands otherwise: 409 for those who may. */
  refused?: true;
}

const all: readonly Role[] = ['ops', 'advertiser', 'partner'];
const feedsPeople: readonly Role[] = ['ops', 'partner'];
const filesPeople: readonly Role[] = ['ops', 'advertiser'];
const ops: readonly Role[] = ['ops'];

/** What is nobody's. */
export const nobody: Owned = {
  ...{ feed: 'none', batch: 999, delivery: 999, submission: 999, mapping: 999, eventType: 999, order: 'NONE' },
  ...{ person: 999, token: 'ffffffffffffffff' },
};

const frame = 'from=2026-11-19&to=2026-11-21';

const dropOf = ({ feed }: Owned): string => feed.replace('-nightly', '-folder');

/** Every endpoint, by method and path. A new one needs a line here. */
export const cases: Record<string, Case> = {
  'get /feeds': { who: feedsPeople, path: () => '/feeds' },
  'get /schedule': { who: feedsPeople, path: () => '/schedule?count=2' },
  'get /feeds/{feed}': { who: feedsPeople, path: ({ feed }) => `/feeds/${feed}`, one: true },
  'post /feeds/{feed}/export': { who: ops, path: ({ feed }) => `/feeds/${feed}/export`, one: true },
  'get /feeds/{feed}/frame': { who: feedsPeople, path: ({ feed }) => `/feeds/${feed}/frame?${frame}`, one: true },
  'get /feeds/{feed}/frame/file': {
    ...{ who: feedsPeople, path: ({ feed }) => `/feeds/${feed}/frame/file?${frame}`, one: true },
  },
  'post /feeds/{feed}/frame/delivery': {
    ...{ who: feedsPeople, path: ({ feed }) => `/feeds/${feed}/frame/delivery`, one: true },
    body: '{"from":"2026-11-19","to":"2026-11-21"}',
  },
  'get /deliveries/{id}/attempts': {
    ...{ who: feedsPeople, path: ({ delivery }) => `/deliveries/${delivery}/attempts`, one: true },
  },
  'get /batches': { who: feedsPeople, path: () => '/batches' },
  'get /batches/{id}': { who: feedsPeople, path: ({ batch }) => `/batches/${batch}`, one: true },
  'get /batches/{id}/file': { who: feedsPeople, path: ({ batch }) => `/batches/${batch}/file`, one: true },
  'get /deliveries': { who: feedsPeople, path: () => '/deliveries' },
  'get /deliveries/{id}': { who: feedsPeople, path: ({ delivery }) => `/deliveries/${delivery}`, one: true },
  'post /deliveries/{id}/resend': { who: ops, path: ({ delivery }) => `/deliveries/${delivery}/resend`, one: true },
  'post /deliveries/{id}/release': { who: ops, path: ({ delivery }) => `/deliveries/${delivery}/release`, one: true },
  'post /deliveries/{id}/settle': {
    ...{ who: ops, path: ({ delivery }) => `/deliveries/${delivery}/settle`, one: true, body: '{"reason":"by mail"}' },
  },
  'get /submissions': { who: filesPeople, path: () => '/submissions' },
  'post /submissions': {
    ...{ who: filesPeople, path: ({ eventType }) => `/submissions?eventType=${eventType}&fileName=a.csv`, one: true },
    body: 'OrderId,Amount\nA,1\n',
  },
  'get /submissions/{id}': { who: filesPeople, path: ({ submission }) => `/submissions/${submission}`, one: true },
  'get /submissions/{id}/rows': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/rows`, one: true },
  },
  'get /submissions/{id}/original': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/original`, one: true },
  },
  'get /submissions/{id}/result': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/result`, one: true },
  },
  'post /submissions/{id}/import': {
    ...{ who: filesPeople, path: ({ submission }) => `/submissions/${submission}/import`, one: true, refused: true },
  },
  'post /submissions/{id}/release': {
    ...{ who: ops, path: ({ submission }) => `/submissions/${submission}/release`, one: true, body: '{}' },
  },
  'get /mappings': { who: filesPeople, path: ({ eventType }) => `/mappings?eventType=${eventType}` },
  'put /event-types/{eventType}/mappings/{kind}/{name}': {
    ...{
      who: filesPeople,
      path: ({ eventType }) => `/event-types/${eventType}/mappings/modification/monthly`,
      one: true,
    },
    body: '{"columns":[{"column":"Order No","field":"OrderId"},{"column":"Clerk","field":null}]}',
  },
  'delete /mappings/{id}': { who: filesPeople, path: ({ mapping }) => `/mappings/${mapping}`, one: true },
  'get /unmatched-conversions': { who: filesPeople, path: () => '/unmatched-conversions' },
  'get /event-types': { who: filesPeople, path: () => '/event-types' },
  'get /event-types/{id}': { who: filesPeople, path: ({ eventType }) => `/event-types/${eventType}`, one: true },
  'get /event-types/{id}/templates/{name}': {
    ...{ who: filesPeople, path: ({ eventType }) => `/event-types/${eventType}/templates/new-orders`, one: true },
  },
  'get /fresh-address': { who: ops, path: () => '/fresh-address' },
  'post /transactions': {
    ...{ who: ops, path: () => '/transactions' },
    body: 'eventTypeId,partner,orderId,eventDate,amount\n4521,acme,NEW-1,2026-11-20T10:00:00Z,1.00\n',
  },
  'post /transactions/sample': { who: ops, path: () => '/transactions/sample', body: '{"count":1}' },
  'get /transactions': { who: filesPeople, path: ({ order }) => `/transactions?orderId=${order}` },
  'get /trace': { who: all, path: ({ order }) => `/trace?orderId=${order}` },
  'get /alerts': { who: ops, path: () => '/alerts' },
  'post /alerts/test': { who: ops, path: () => '/alerts/test' },
  'get /prove': { who: ops, path: () => '/prove' },
  'get /drops': { who: ops, path: () => '/drops' },
  'get /drops/{drop}': { who: ops, path: (owned) => `/drops/${dropOf(owned)}`, one: true },
  'post /drops/{drop}/examination': { who: ops, path: (owned) => `/drops/${dropOf(owned)}/examination`, one: true },
  'post /drops/{drop}/trusted-keys': {
    ...{ who: ops, path: (owned) => `/drops/${dropOf(owned)}/trusted-keys`, one: true },
    body: `{"fingerprint":"SHA256:${'A'.repeat(43)}"}`,
  },
  'get /refused-mail': { who: ops, path: () => '/refused-mail' },
  'get /audit': { who: ops, path: () => '/audit' },
  'get /people': { who: ops, path: () => '/people' },
  'post /people': { who: ops, path: () => '/people', body: '{"name":"lee","role":"ops"}' },
  'post /people/{id}/sign-in-link': { who: ops, path: ({ person }) => `/people/${person}/sign-in-link`, one: true },
  'delete /people/{id}': { who: ops, path: ({ person }) => `/people/${person}`, one: true },
  'post /tokens': { who: ops, path: () => '/tokens', body: '{"role":"ops"}' },
  'delete /tokens/{id}': { who: ops, path: ({ token }) => `/tokens/${token}`, one: true },
  'get /tokens': { who: ops, path: () => '/tokens' },
  'get /me': { who: all, path: () => '/me' },
};
