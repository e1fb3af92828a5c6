import { setTimeout as pause } from 'node:timers/promises';
import { placeOf } from '../../drop/drop.ts';
import { asFault } from '../../fault.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import { attempt } from './attempt.ts';
import { claim } from './claims.ts';
import { type DeliveryContext, defaultLeaseMs } from './context.ts';
import type { Delivery } from './delivery.ts';
import { type DeliveryFilter, dueDeliveries, type DueFilter, findDeliveries, leaseOver } from './deliveries.ts';
import { holdUnknownDrops } from './unknown-drop.ts';

export interface DeliverOptions {
  /** Ends the work gracefully: nothing new is begun, and what runs may finish within `graceMs`. */
  signal?: AbortSignal;
  /** Milliseconds that running attempts get after `signal` before they are abandoned; 10 s by default. */
  graceMs?: number;
  /** How many drops are served at the same time; 8 by default. */
  parallel?: number;
  /** Ids of deliveries of which the log has said that their drop is not configured; kept by who calls again and again. */
  saidUnknown?: Set<number>;
}

const defaultGraceMs = 10_000;
const lookAgainMs = 500;

/** Fires `ms` after the first signal has. */
const later = (signal: AbortSignal | undefined, ms: number): { signal: AbortSignal; done(): void } => {
  const late = new AbortController();
  const done = new AbortController();
  const start = () =>
    void pause(ms, undefined, { signal: done.signal, ref: false }).then(
      () => late.abort(new Error('stopped')),
      () => undefined,
    );
  if (signal?.aborted) start();
  else signal?.addEventListener('abort', start, { once: true, signal: done.signal });
  return { signal: late.signal, done: () => done.abort() };
};

/** The drops for which something is due now, for a caller that keeps a lane of its own for each. */
export const dueDrops = async ({ store, clock }: DeliveryContext): Promise<string[]> => [
  ...new Set((await dueDeliveries(store.read, clock.now())).map(({ dropName }) => dropName)),
];

/** One call of `deliverDue` or `deliverNow`. */
interface Round {
  ctx: DeliveryContext;
  filter: DueFilter;
  stopped(): boolean;
  abandon: AbortSignal;
  /** Deliveries attempted in this call; with `ignoreBackoff` each gets one attempt only. */
  tried: Map<number, Delivery>;
  /** Drops whose deliveries could not be recorded, with the reason. */
  broken: Map<string, unknown>;
  saidUnknown: Set<number>;
}

/**
 * Attempts what is due, until nothing is: drops at the same time, one delivery per drop at a time, in order of their
 * batches. One drop's trouble delays no other: while one is still busy, what becomes due elsewhere is begun. Safe to run
 * at the same time in several processes. Resolves to the deliveries that were attempted, as they are afterwards. Rejects
 * when our own database fails, after the other drops have been served.
 */
export const deliverDue = (
  ctx: DeliveryContext,
  options: DeliverOptions = {},
  filter: DueFilter = {},
): Promise<Delivery[]> => withRound(ctx, options, filter, (round) => serveDrops(round, options.parallel ?? 8));

const withRound = async (
  ctx: DeliveryContext,
  { signal, graceMs, saidUnknown }: DeliverOptions,
  filter: DueFilter,
  work: (round: Round) => Promise<void>,
): Promise<Delivery[]> => {
  const grace = later(signal, graceMs ?? defaultGraceMs);
  const tried = new Map<number, Delivery>();
  try {
    await work({
      ctx,
      filter,
      tried,
      broken: new Map(),
      saidUnknown: saidUnknown ?? new Set(),
      abandon: grace.signal,
      stopped: () => signal?.aborted === true,
    });
  } catch (error) {
    throw databaseTrouble(error) ?? error;
  } finally {
    grace.done();
  }
  return [...tried.values()];
};

const serveDrops = async (round: Round, parallel: number): Promise<void> => {
  if (!round.stopped()) await holdUnknown(round);
  const lanes = new Map<string, Promise<void>>();
  try {
    for (;;) {
      for (const dropName of await dropsToServe(round)) {
        if (lanes.size >= parallel || lanes.has(dropName)) continue;
        lanes.set(
          dropName,
          serveDrop(round, dropName).finally(() => lanes.delete(dropName)),
        );
      }
      if (lanes.size === 0) break;
      await Promise.race([...lanes.values(), pause(lookAgainMs)]);
    }
  } finally {
    await Promise.all(lanes.values());
  }
  const [failure] = round.broken.values();
  if (failure !== undefined)
    throw databaseTrouble(failure) ?? asFault(failure, 'record deliveries of', [...round.broken.keys()].join(', '));
};

/** Those to drops that are not configured. */
const holdUnknown = async ({ ctx, filter, tried, saidUnknown }: Round): Promise<void> => {
  for (const held of await holdUnknownDrops(ctx, filter, saidUnknown)) {
    tried.set(held.id, held);
    tell(ctx, held.dropName, held);
  }
};

const untried = async ({ ctx, filter, tried }: Round, dropName?: string): Promise<Delivery[]> => {
  const wanted = { ...filter, ...(dropName !== undefined && { dropName }) };
  const due = await dueDeliveries(ctx.store.read, ctx.clock.now(), wanted);
  return due.filter(({ id, dropName: to }) => ctx.drops.has(to) && !(filter.ignoreBackoff && tried.has(id)));
};

const dropsToServe = async (round: Round): Promise<Set<string>> => {
  if (round.stopped()) return new Set();
  const due = (await untried(round)).filter(({ dropName }) => !round.broken.has(dropName));
  return new Set(due.map(({ dropName }) => dropName));
};

/** All that is due for one drop, one after another. When our own database fails, this drop's turn is over. */
const serveDrop = async (round: Round, dropName: string): Promise<void> => {
  try {
    while (!round.stopped()) {
      const [next] = await untried(round, dropName);
      if (!next) return;
      if (!(await serveOne(round, next))) return await pause(lookAgainMs);
    }
  } catch (error) {
    round.broken.set(dropName, error);
  }
};

/** False when it was not ours to take. */
const serveOne = async (round: Round, due: Delivery): Promise<boolean> => {
  const { ctx, tried, filter, abandon } = round;
  const plan = ctx.drops.get(due.dropName);
  if (!plan) return false;
  const { id, dropName } = due;
  const wanted = {
    id,
    dropName,
    place: placeOf(plan.spec),
    holder: ctx.holder,
    leaseMs: ctx.leaseMs ?? defaultLeaseMs,
  };
  const claimed = await claim(ctx.store, wanted, filter);
  if (!claimed) return false;
  const after = await attempt(ctx, plan, claimed, abandon);
  tried.set(after.id, after);
  tell(ctx, dropName, after);
  return true;
};

const tell = ({ log }: DeliveryContext, drop: string, after: Delivery): void => {
  const { id, feed, fileName, state, attempts, error, hint, errorCode: code, seen } = after;
  const about = { delivery: id, feed, drop, file: fileName, attempts };
  if (state === 'delivered') log?.info({ ...about, seen }, 'delivered');
  else if (state === 'held') log?.error({ ...about, code, error, hint }, 'delivery held: a person must look');
  else if (error === null) log?.info({ ...about, state }, 'attempt broken off');
  else log?.warn({ ...about, state, code, error, hint, nextAttemptAt: after.nextAttemptAt }, 'attempt failed');
};

/**
 * One attempt now, whatever its back-off, for each unfinished delivery that fits the filter: what `export` does. Waits
 * for those that another process is sending until it has finished or its lease has ended. Resolves to the deliveries
 * that were unfinished at the beginning, as they are at the end.
 */
export const deliverNow = async (
  ctx: DeliveryContext,
  filter: DeliveryFilter,
  options: DeliverOptions & { onWait?(delivery: Delivery): void } = {},
): Promise<Delivery[]> => {
  const unfinished = { ...filter, states: ['pending', 'sending'] as const };
  const wanted = (await findDeliveries(ctx.store.read, unfinished)).map(({ id }) => id);
  await withRound(ctx, options, { ...filter, ignoreBackoff: true }, async (round) => {
    const told = new Set<number>();
    for (;;) {
      await serveDrops(round, options.parallel ?? 8);
      const waitFor = round.stopped() ? undefined : await inTheWay(round, filter);
      if (!waitFor && (await dropsToServe(round)).size === 0) return;
      if (waitFor && !told.has(waitFor.id)) options.onWait?.(waitFor);
      if (waitFor) told.add(waitFor.id);
      await pause(lookAgainMs / 2);
    }
  });
  return (await findDeliveries(ctx.store.read, filter)).filter(({ id }) => wanted.includes(id));
};

/** A delivery under way elsewhere: one of ours, or another to a drop that one of ours waits for. */
const inTheWay = async ({ ctx, tried }: Round, filter: DeliveryFilter): Promise<Delivery | undefined> => {
  const unfinished = { ...filter, states: ['pending', 'sending'] as const };
  const open = (await findDeliveries(ctx.store.read, unfinished)).filter(({ id }) => !tried.has(id));
  const drops = new Set(open.map(({ dropName }) => dropName));
  const sending = await findDeliveries(ctx.store.read, { states: ['sending'] });
  const now = ctx.clock.now();
  return sending.find(({ dropName, leasedUntil }) => drops.has(dropName) && !leaseOver(leasedUntil, now));
};
