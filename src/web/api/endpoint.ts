import { z } from '@hono/zod-openapi';
import type { WebContext } from '../context.ts';
import type { Action } from '../people/may.ts';
import { wrongRequest } from '../problem.ts';
import { type Found, type KnownCall, readText, type Route, routeOn } from '../route.ts';
import { once } from './idempotency.ts';

/** Where the API stands. Its paths are named without it. */
export const root = '/api/v1';

/** What `/openapi.json` says of an endpoint, and what is checked of a request. */
export interface Told<Q extends z.ZodRawShape = z.ZodRawShape, B extends z.ZodRawShape = z.ZodRawShape> {
  method: 'get' | 'post' | 'put' | 'delete';
  /** As OpenAPI writes it: `/deliveries/{id}/resend`. */
  path: string;
  needs: Action | 'signed-in';
  tag: string;
  summary: string;
  details?: string;
  params?: Record<string, string>;
  query?: Q;
  /** A JSON body. */
  body?: B;
  /** The body is a file of any size, of these types. */
  takes?: readonly string[];
  /** The JSON that is answered; or a file. */
  answer: z.ZodType | 'file';
  /** What kind of file; any bytes unless it says otherwise. */
  media?: string;
  /** Fields of the answer that are secrets: they are shown to the first request of an idempotency key, and kept nowhere. */
  shownOnce?: readonly string[];
  /** 200 unless it says otherwise. */
  status?: 200 | 201 | 202;
  audited?: boolean;
}

/** A route of the API, with what is told of it. */
export interface Endpoint {
  route: Route;
  told: Told;
}

/** What an endpoint works with. */
export interface Input<Q extends z.ZodRawShape, B extends z.ZodRawShape> {
  call: KnownCall;
  query: z.output<z.ZodObject<Q>>;
  body: z.output<z.ZodObject<B>>;
}

/** JSON, or a whole answer. */
type Result = Response | object;

const checked = <S extends z.ZodRawShape>(shape: S | undefined, value: unknown, what: string) => {
  const read = z.strictObject(shape ?? ({} as S)).safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : undefined;
  const name = unknown ?? (issue?.path.join('.') || what);
  const known = Object.keys(shape ?? {});
  const hint = known.length === 0 ? `${what} takes none` : `${what} takes: ${known.join(', ')}; see /api/v1/`;
  throw wrongRequest(name, unknown === undefined ? (issue?.message ?? 'it is wrong') : 'it is not known here', hint);
};

const queryOf = <Q extends z.ZodRawShape>(told: Told<Q>, { url }: KnownCall) => {
  const pairs = [...url.searchParams];
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrongRequest(twice, 'it is there twice', 'give it once');
  return checked(told.query, Object.fromEntries(pairs), 'the address');
};

const refuseNul = (key: string, value: unknown): unknown => {
  if (typeof value === 'string' && value.includes('\0'))
    throw wrongRequest(key, 'it holds a NUL character', 'leave it out');
  return value;
};

const jsonOf = (text: string): unknown => {
  const value = parsed(text);
  JSON.stringify(value, refuseNul);
  return value;
};

const parsed = (text: string): unknown => {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw wrongRequest('the body', 'it is not JSON', 'send one JSON object');
  }
};

/** The whole of a JSON body as text; nothing for those that have none or stream it. */
const bodyText = (told: Told, call: KnownCall): Promise<string> =>
  told.method === 'get' || told.takes !== undefined ? Promise.resolve('') : readText(call.body);

const answerOf = (told: Told, result: Result): Response =>
  result instanceof Response ? result : Response.json(result, { status: told.status ?? 200 });

/** Reads and checks what was asked for, and runs it once for each idempotency key. */
const answering =
  <Q extends z.ZodRawShape, B extends z.ZodRawShape>(
    ctx: WebContext,
    told: Told<Q, B>,
    run: (input: Input<Q, B>) => Promise<Result>,
  ) =>
  async (call: KnownCall): Promise<Response> => {
    const query = queryOf(told as unknown as Told<Q>, call);
    const text = await bodyText(told as unknown as Told, call);
    const body = checked(told.body, jsonOf(text), 'the body');
    const work = async (from: KnownCall) => answerOf(told as unknown as Told, await run({ call: from, query, body }));
    return told.method === 'get' ? work(call) : once(ctx, call, { ...told, body: text }, work);
  };

const wayOf = ({ method, path, audited }: Told) => ({
  ...{ method, path: `${root}${path.replace(/\{(\w+)\}/g, ':$1')}`, face: 'api' as const },
  ...(audited === undefined ? {} : { audited }),
});

type Run<Q extends z.ZodRawShape, B extends z.ZodRawShape> = (input: Input<Q, B>) => Promise<Result>;

/** An endpoint that shows a list: what `call.reach()` holds and nothing else. */
export const listOf = <Q extends z.ZodRawShape = {}, B extends z.ZodRawShape = {}>(
  ctx: WebContext,
  told: Told<Q, B> & { needs: Action },
  run: Run<Q, B>,
): Endpoint => {
  const plain = told as unknown as Told;
  return { told: plain, route: { ...wayOf(plain), needs: told.needs, over: 'list', run: answering(ctx, told, run) } };
};

/** An endpoint about the service as a whole. */
export const ofService = <Q extends z.ZodRawShape = {}, B extends z.ZodRawShape = {}>(
  ctx: WebContext,
  told: Told<Q, B> & { needs: Action },
  run: Run<Q, B>,
): Endpoint => {
  const plain = told as unknown as Told;
  return {
    told: plain,
    route: { ...wayOf(plain), needs: told.needs, over: 'service', run: answering(ctx, told, run) },
  };
};

/** An endpoint about one thing, which `find` looks for. */
export const ofOne = <T, Q extends z.ZodRawShape = {}, B extends z.ZodRawShape = {}>(
  ctx: WebContext,
  told: Told<Q, B> & { needs: Action },
  find: (call: KnownCall) => Promise<Found<T> | undefined>,
  run: (input: Input<Q, B> & { thing: T }) => Promise<Result>,
): Endpoint => {
  const plain = told as unknown as Told;
  const way = { ...wayOf(plain), needs: told.needs };
  return {
    told: plain,
    route: routeOn(way, find, (call, thing) => answering(ctx, told, (input) => run({ ...input, thing }))(call)),
  };
};

/** An endpoint for everybody who is known. */
export const ofAsker = (ctx: WebContext, told: Told & { needs: 'signed-in' }, run: Run<{}, {}>): Endpoint => ({
  told,
  route: { ...wayOf(told), needs: 'signed-in', run: answering(ctx, told as unknown as Told<{}, {}>, run) },
});
