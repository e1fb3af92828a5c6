import { asFault } from '../../fault.ts';
import type { WebContext } from '../context.ts';
import { nothingHere, notAllowed, notSignedIn, problemOf, tooMany, wrongOrigin } from '../problem.ts';
import { type Call, type KnownCall, type Prepared, type Route, withoutNul } from '../route.ts';
import { type Asker, askerOf } from './asker.ts';
import { begin } from './audit.ts';
import { actions, may, mayEver, reachOf } from './may.ts';
import { networkOf } from './network.ts';
import { isOurOwn } from './origin.ts';
import { sameText } from './proof.ts';
import { makeRateLimit, type RateLimit } from './rate.ts';
import { makeSlowDown, type SlowDown } from './slow-down.ts';

/** What the gate counts. In memory: each node counts for itself. */
export interface GateState {
  rate: RateLimit;
  /** Wrong tokens and links, by the peer they came from. */
  peers: SlowDown;
  /** Links that were asked for, by the name they were asked for. */
  names: SlowDown;
}

export const makeGateState = (): GateState => ({
  rate: makeRateLimit({ burst: 300, perSecond: 20 }),
  peers: makeSlowDown(),
  names: makeSlowDown(),
});

const isSecure = (ctx: WebContext): boolean => ctx.settings().url?.startsWith('https:') === true;

const writes = ({ method }: Route): boolean => method !== 'get';

/** Thrown with the seconds after which to come again. */
export class Wait extends Error {
  readonly seconds: number;
  constructor(ms: number) {
    super('too many requests');
    this.seconds = Math.max(1, Math.ceil(ms / 1000));
  }
}

const slow = (ms: number): void => {
  if (ms > 0) throw new Wait(ms);
};

/** Who asks; a Fault for a token that is not good, and the longer to wait the more of them came. */
const whoAsks = async (ctx: WebContext, { peers }: GateState, call: Call): Promise<Asker | undefined> => {
  const shown = { authorization: call.header('authorization'), cookie: call.header('cookie') };
  const now = ctx.clock.now();
  const asker = await askerOf(ctx.store, shown, { secure: isSecure(ctx), now });
  if (asker !== 'wrong') return asker;
  const from = networkOf(call.peer);
  const waits = peers.waits(from, now);
  peers.wrong(from, now);
  slow(waits);
  throw notSignedIn();
};

/** What a form of ours carries: in a header where a script sends it, in the address where the body is a file. */
const formTokenIn = async (call: Call): Promise<string> => {
  const type = call.header('content-type') ?? '';
  const header = call.header('x-form-token');
  if (header !== undefined) return header;
  if (type.startsWith('application/x-www-form-urlencoded')) return (await call.form()).get('formToken') ?? '';
  return type.startsWith('multipart/form-data') ? (call.url.searchParams.get('formToken') ?? '') : '';
};

/** Whatever a browser sends by itself, the cookie, is not enough to write: other sites could make it do so. */
const refuseForged = async (ctx: WebContext, call: Call, asker: Asker | undefined): Promise<void> => {
  if (asker && !asker.session) return;
  const sent = { site: call.header('sec-fetch-site'), origin: call.header('origin'), host: call.header('host') };
  if (!isOurOwn(sent, ctx.settings().url)) throw wrongOrigin();
  if (asker?.session && !sameText(await formTokenIn(call), asker.session.formToken)) throw wrongOrigin();
};

/** A call with what it has turned out to be about. */
type NamedCall = KnownCall & { about(): string | undefined };

const known = (ctx: WebContext, route: Route, call: Call, asker: Asker): NamedCall => {
  let named: string | undefined;
  const about = { concerns: (object: string) => void (named = object), about: () => named };
  return { ...call, ...about, asker, ...rightsOf(ctx, route, asker) };
};

const rightsOf = (ctx: WebContext, route: Route, asker: Asker): Pick<KnownCall, 'reach' | 'may'> => ({
  reach: (action) => {
    const wanted = action ?? route.needs;
    if (wanted === 'open' || wanted === 'signed-in') throw new Error('this route has no action: name one');
    return reachOf(asker.scope, wanted, ctx.settings().feeds);
  },
  may: (action, subject) => may(asker.scope, action, subject),
});

/** What the route does for this asker, once it is sure that they may. Throws Fault `missing` or `not-allowed`. */
const allowed = async (route: Route, call: KnownCall): Promise<Prepared> => {
  const { scope } = call.asker;
  const here = (run: () => Promise<Response>): Prepared => ({ subject: {}, name: call.url.pathname, run });
  if (route.needs === 'open' || route.needs === 'signed-in') return here(() => route.run(call));
  if (!actions.includes(route.needs) || !mayEver(scope, route.needs)) throw notAllowed();
  switch (route.over) {
    case 'list':
      return here(() => route.run(call));
    case 'service':
      if (!may(scope, route.needs, {})) throw notAllowed();
      return here(() => route.run(call));
    case 'one': {
      const prepared = await route.prepare(call);
      if (!prepared || !may(scope, route.needs, prepared.subject)) throw nothingHere();
      return prepared;
    }
    default:
      return route satisfies never;
  }
};

/** Runs it, and writes down beforehand that it is done, and afterwards what came of it. */
const audited = async (ctx: WebContext, route: Route, call: NamedCall): Promise<Response> => {
  const ready = await allowed(route, call).catch(async (error: unknown) => {
    if (writes(route)) await write(ctx, route, call, call.url.pathname).then(({ end }) => end(codeOf(error)));
    throw error;
  });
  if (route.needs === 'open' || (!writes(route) && route.audited !== true)) return ready.run();
  const deed = await write(ctx, route, call, ready.name);
  try {
    const answer = await ready.run();
    await deed.end(outcomeOf(answer), call.about());
    return answer;
  } catch (error) {
    await deed.end(codeOf(error));
    throw error;
  }
};

const outcomeOf = ({ ok, status, headers }: Response): string => {
  if (headers.has('idempotency-replayed')) return 'replayed';
  return ok || status === 303 ? 'done' : `status ${status}`;
};

const codeOf = (error: unknown): string => asFault(error, '', '').code;

const write = ({ store, clock }: WebContext, route: Route, { asker, peer }: KnownCall, object: string) =>
  begin(
    store,
    { who: asker.who, peer, action: route.needs === 'signed-in' ? 'session' : route.needs, object },
    clock.now(),
  );

/**
 * The one way to every route: who asks, how often, from which page, whether they may, and the audit list. Rejects with
 * a Fault that `problemOf` can tell, or with `Wait`.
 */
export const pass = async (ctx: WebContext, state: GateState, route: Route, call: Call): Promise<Response> => {
  if (route.needs === 'open' && !writes(route)) return route.run(call);
  const asker = route.needs === 'open' ? undefined : await whoAsks(ctx, state, call);
  slow(state.rate.take(asker?.key ?? `peer ${networkOf(call.peer)}`, ctx.clock.now()));
  if (route.needs !== 'open' && !asker) throw notSignedIn();
  withoutNul(call.url.searchParams);
  if (writes(route)) await refuseForged(ctx, call, asker);
  if (route.needs === 'open') return route.run(call);
  if (!asker) throw notSignedIn();
  return audited(ctx, route, known(ctx, route, call, asker));
};

/** The problem that an error of `pass` is, with the headers that belong to it. */
export const told = (error: unknown) => {
  if (!(error instanceof Wait)) return { ...problemOf(error), headers: {} };
  return { ...problemOf(tooMany()), headers: { 'Retry-After': String(error.seconds) } };
};
