import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { isIP } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { cannotListen } from '../cannot-listen.ts';
import { pageAnswer, problemPage } from './page.ts';
import { type GateState, pass, told } from './people/gate.ts';
import { nothingHere, problemAnswer, problemOf } from './problem.ts';
import { type Call, readText, type Route, withoutNul } from './route.ts';
import type { WebContext } from './context.ts';

export interface Web {
  /** Where it listens; the port is the real one when 0 was asked for. */
  host: string;
  port: number;
  /** Answers what is under way for at most two seconds, then closes. */
  close(): Promise<void>;
}

type Asked = Context<{ Bindings: HttpBindings }>;

/** Everything comes from here, nothing runs that is not ours, and nobody frames us. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const everywhere: Record<string, string> = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The address a request comes from; what a proxy says counts only where the proxy is one that we believe. */
const peerOf = ({ socket }: IncomingMessage, forwarded: string | undefined, proxies: readonly string[]): string => {
  const peer = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
  const last = forwarded?.split(',').at(-1)?.trim() ?? '';
  return proxies.includes(peer) && isIP(last) !== 0 ? last : peer;
};

const callOf = (ctx: WebContext, asked: Asked): Call => {
  const { incoming } = asked.env;
  const header = (name: string) => asked.req.header(name);
  let form: Promise<URLSearchParams> | undefined;
  return {
    request: asked.req.raw,
    url: new URL(asked.req.url),
    params: asked.req.param(),
    header,
    body: incoming as unknown as AsyncIterable<Buffer>,
    form: () =>
      (form ??= readText(incoming as unknown as AsyncIterable<Buffer>).then((text) =>
        withoutNul(new URLSearchParams(text)),
      )),
    peer: peerOf(incoming, header('x-forwarded-for'), ctx.settings().proxies),
  };
};

const isApi = (path: string): boolean => path.startsWith('/api/');

/** The way to sign in for a person who reads a page; everything else as it is. */
const failed = (face: Route['face'], error: unknown, reading: boolean, onError: (error: unknown) => void) => {
  const { problem, log, headers } = told(error);
  if (log) onError(error);
  if (face === 'api') return problemAnswer(problem, headers);
  if (problem.status === 401 && reading) return new Response(null, { status: 303, headers: { Location: '/sign-in' } });
  return pageAnswer(problemPage(problem), problem.status, headers);
};

/** HEAD is answered as GET is, without the body: a file that nobody will read is closed. */
const withoutBody = async ({ req }: Asked, answer: Response): Promise<Response> => {
  if (req.raw.method !== 'HEAD' || !answer.body) return answer;
  await answer.body.cancel();
  return new Response(null, answer);
};

export interface WebParts {
  ctx: WebContext;
  routes: readonly Route[];
  state: GateState;
}

const appOf = (
  { ctx, routes, state }: WebParts,
  onError: (error: unknown) => void,
): Hono<{ Bindings: HttpBindings }> => {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (asked, next) => {
    await next();
    for (const [name, value] of Object.entries(everywhere)) if (!asked.res.headers.has(name)) asked.header(name, value);
  });
  for (const route of routes)
    app.on(route.method.toUpperCase(), route.path, async (asked) => {
      try {
        return await withoutBody(asked, await pass(ctx, state, route, callOf(ctx, asked)));
      } catch (error) {
        return failed(route.face, error, route.method === 'get', onError);
      }
    });
  app.notFound((asked) => failed(isApi(asked.req.path) ? 'api' : 'page', nothingHere(), false, onError));
  app.onError((error) => {
    onError(error);
    return problemAnswer(problemOf(error).problem);
  });
  return app;
};

/** A connection on which nothing moves for so long is closed; a large file may take as long as it needs. */
const quietMs = 300_000;

/** Starts to listen; `onError` gets what a request threw that was not the asker's doing. */
export const openWeb = async (
  { host, port }: { host: string; port: number },
  parts: WebParts,
  onError: (error: unknown) => void,
): Promise<Web> => {
  const app = appOf(parts, onError);
  const serverOptions = { requestTimeout: 0 };
  const server = serve({ fetch: app.fetch, hostname: host, port, serverOptions }) as Server;
  server.setTimeout(quietMs);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen({ host, port, purpose: 'listen on', setting: 'web.listen' }, error);
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
