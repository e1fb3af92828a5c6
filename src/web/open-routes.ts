import { openAlerts } from '../watch/alerts.ts';
import type { WebContext } from './context.ts';
import type { Metrics } from './metrics.ts';
import { frontPage, pageAnswer, plainStyle } from './page.ts';
import type { Check } from './readiness.ts';
import type { Route } from './route.ts';

/** What those who watch the service are shown. */
export interface OpenParts {
  metrics: Metrics;
  /** Whether the process is of use; each reason why not, which only the log is told. */
  readiness(): Promise<Check[]>;
}

/** Whoever asks while it is under way gets the same answer: nobody has to sign in for it, and it reads and writes. */
const shared = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | undefined;
  return () => (underWay ??= work().finally(() => (underWay = undefined)));
};

/** Reasons are for the log, once each time they change: whoever asks is not known. */
const telling = ({ log }: Pick<WebContext, 'log'>, readiness: () => Promise<Check[]>): (() => Promise<Check[]>) => {
  let told = '';
  return async () => {
    const checks = await readiness();
    const failing = checks.filter(({ ok }) => !ok);
    const words = failing.map(({ name, reason = '' }) => `${name}: ${reason}`).join('; ');
    if (words !== told && words === '') log.info('ready again');
    else if (words !== told) log.warn({ failing }, 'not ready');
    told = words;
    return checks;
  };
};

const open = { method: 'get', face: 'page', needs: 'open' } as const;

/** For everybody: that it lives, and figures without anything that belongs to somebody. */
export const openRoutes = (ctx: WebContext, parts: OpenParts): Route[] =>
  routesOf(ctx, {
    ...parts,
    readiness: shared(telling(ctx, parts.readiness)),
    text: shared(() => parts.metrics.text()),
  });

const routesOf = (
  { store, version }: WebContext,
  { metrics, readiness, text }: OpenParts & { text: () => Promise<string> },
): Route[] => [
  {
    ...{ ...open, path: '/' },
    run: async () => pageAnswer(frontPage(version, (await openAlerts(store.read)).length)),
  },
  {
    ...{ ...open, path: '/plain.css' },
    run: () => Promise.resolve(new Response(plainStyle, { headers: { 'Content-Type': 'text/css; charset=utf-8' } })),
  },
  { ...open, face: 'api', path: '/healthz', run: () => Promise.resolve(Response.json({ ok: true, version })) },
  {
    ...{ ...open, face: 'api', path: '/readyz' },
    run: async () => {
      const checks = (await readiness()).map(({ name, ok }) => ({ name, ok }));
      const ok = checks.every((check) => check.ok);
      return Response.json({ ok, checks }, { status: ok ? 200 : 503 });
    },
  },
  {
    ...{ ...open, face: 'api', path: '/metrics' },
    run: async () => new Response(await text(), { headers: { 'Content-Type': metrics.contentType } }),
  },
];
