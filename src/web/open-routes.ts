import { openAlerts } from '../watch/alerts.ts';
import type { WebContext } from './context.ts';
import type { Metrics } from './metrics.ts';
import { frontPage, pageAnswer, plainStyle } from './page.ts';
import type { Check } from './readiness.ts';
import type { Route } from './route.ts';

/** What those who watch the service are shown. */
export interface OpenParts {
  metrics: Metrics;
  /** Whether the process is of use; each reason why not. */
  readiness(): Promise<Check[]>;
}

/** Whoever asks while it is under way gets the same answer: nobody has to sign in for it, and it reads and writes. */
const shared = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | undefined;
  return () => (underWay ??= work().finally(() => (underWay = undefined)));
};

const open = { method: 'get', face: 'page', needs: 'open' } as const;

/** For everybody: that it lives, and figures without anything that belongs to somebody. */
export const openRoutes = (ctx: WebContext, parts: OpenParts): Route[] =>
  routesOf(ctx, { ...parts, readiness: shared(parts.readiness), text: shared(() => parts.metrics.text()) });

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
      const checks = await readiness();
      const ok = checks.every((check) => check.ok);
      return Response.json({ ok, checks }, { status: ok ? 200 : 503 });
    },
  },
  {
    ...{ ...open, face: 'api', path: '/metrics' },
    run: async () => new Response(await text(), { headers: { 'Content-Type': metrics.contentType } }),
  },
];
