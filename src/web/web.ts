import { once } from 'node:events';
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Fault } from '../fault.ts';
import type { AlertLine } from '../watch/alert-line.ts';
import type { Metrics } from './metrics.ts';
import { frontPage } from './page.ts';
import type { Check } from './readiness.ts';

/** What the web face shows. hono and its server are owned by this file. */
export interface WebParts {
  version: string;
  metrics: Metrics;
  /** Whether the process is of use; each reason why not. */
  readiness(): Promise<Check[]>;
  /** The open alerts. */
  alerts(): Promise<AlertLine[]>;
}

export interface Web {
  /** Where it listens; the port is the real one when 0 was asked for. */
  host: string;
  port: number;
  /** Answers what is under way for at most two seconds, then closes. */
  close(): Promise<void>;
}

const routes = ({ version, metrics, readiness, alerts }: WebParts): Hono => {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Cache-Control', 'no-store');
    context.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
  });
  app.get('/', async (context) => context.html(frontPage(version, await alerts())));
  app.get('/healthz', (context) => context.json({ ok: true, version }));
  app.get('/readyz', async (context) => {
    const checks = await readiness();
    const ok = checks.every((check) => check.ok);
    return context.json({ ok, checks }, ok ? 200 : 503);
  });
  app.get('/metrics', async (context) =>
    context.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType }),
  );
  app.notFound((context) => context.json({ error: 'there is nothing here; see /' }, 404));
  return app;
};

const cannotListen = (host: string, port: number, cause: unknown): Fault => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is in use by another program',
    EACCES: 'this user may not use the port',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'the host name is not known',
  };
  return new Fault({
    operation: 'listen on',
    object: `${host}:${port}`,
    reason: reasons[code] ?? String(cause),
    hint: 'end the other program, or set web.listen in nightdrop.yaml to another address',
    next: 'hold',
    code: code === 'EADDRINUSE' ? 'port-in-use' : 'cannot-listen',
    cause,
  });
};

/** Starts to listen; `onError` gets what a request threw, after which the client has been told 500. */
export const openWeb = async (
  { host, port }: { host: string; port: number },
  parts: WebParts,
  onError: (error: unknown) => void,
): Promise<Web> => {
  const app = routes(parts);
  app.onError((error, context) => {
    onError(error);
    return context.json({ error: 'this did not work; the log says why' }, 500);
  });
  const server = serve({ fetch: app.fetch, hostname: host, port }) as Server;
  try {
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(host, port, error);
  }
  const address = server.address();
  return {
    host,
    port: typeof address === 'object' && address ? address.port : port,
    close: () => closeServer(server),
  };
};

const closeServer = async (server: Server): Promise<void> => {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  const hurry = setTimeout(() => server.closeAllConnections(), 2000);
  await closed;
  clearTimeout(hurry);
};
