import { reached } from '../../commit-point.ts';
import { asideName, type Drop, placeOf } from '../../drop/drop.ts';
import { asFault, Fault } from '../../fault.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import { beginDigest, type Digest } from '../../drop/digest.ts';
import { safeName } from '../../safe-name.ts';
import { type Attempt, attemptsOf } from './attempts.ts';
import { abandon, type Claimed, confirm, fail, receipt } from './claims.ts';
import { connect } from './connect.ts';
import { type DeliveryContext, defaultLeaseMs } from './context.ts';
import { afterFailure, type Delivery, type DropPlan, type Parcel } from './delivery.ts';
import { findDelivery } from './deliveries.ts';
import { heartbeat } from './heartbeat.ts';
import { type History, historyOf, leftovers } from './history.ts';
import { checkSpool, parcelsOf } from './parcels.ts';
import { noMarker, placeChanged } from './recover.ts';
import { onHold, sendParcel } from './send.ts';

/** What an attempt knows before it connects. */
interface Errand {
  ctx: DeliveryContext;
  plan: DropPlan;
  claimed: Claimed;
  parcels: Parcel[];
  earlier: Attempt[];
  history: History;
  /** Of the file in hand: hashed while we connect. */
  digest?: Digest;
}

/**
 * Commit points 5 and 6: one attempt of a delivery that we hold, over one fresh connection. Never rejects for what goes
 * wrong at the drop: resolves to the delivery as it is afterwards. When `stop` fires the connection is closed, the
 * attempt recorded as abandoned and the delivery is due again at once. Rejects when the database fails; the delivery is
 * taken up again when its lease ends.
 */
export const attempt = async (
  ctx: DeliveryContext,
  plan: DropPlan,
  claimed: Claimed,
  stop: AbortSignal,
): Promise<Delivery> => {
  const heart = heartbeat(ctx.store, claimed, ctx.leaseMs ?? defaultLeaseMs);
  const ended = AbortSignal.any([heart.lost, stop]);
  const tries = { count: 0 };
  try {
    await untilAborted(run(ctx, plan, claimed, tries, ended), ended);
  } catch (error) {
    // Nothing of ours may be written any more once the claim is lost; the new owner goes on.
    await (stop.aborted ? abandon(ctx.store, claimed) : recordFailure(ctx, plan, claimed, tries.count, error)).catch(
      unlessLost,
    );
  } finally {
    await heart.stop();
  }
  const after = (await findDelivery(ctx.store.read, claimed.delivery.id)) ?? claimed.delivery;
  ctx.onAttempt?.(after);
  return after;
};

/** After trouble of our own database; without a pause the same statement could fail, and connect to the drop, on and on. */
const troublePauseMs = 10_000;

const unlessLost = (error: unknown): void => {
  if (!(error instanceof Fault && error.code === 'claim-lost')) throw error;
};

/** Settles with the work, or rejects as soon as the signal fires; the work then ends by itself. */
const untilAborted = (work: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });

const recordFailure = (ctx: DeliveryContext, plan: DropPlan, claimed: Claimed, tries: number, error: unknown) => {
  const { delivery, startedAt } = claimed;
  // Trouble of our own database says nothing about the drop: the attempt is broken off, not counted against it.
  if (databaseTrouble(error)) return abandon(ctx.store, claimed, troublePauseMs);
  const fault = asFault(error, 'deliver', `${delivery.fileName} to ${delivery.dropName}`);
  if (fault.code === 'claim-lost') return Promise.resolve();
  return fail(ctx.store, claimed, (now) => afterFailure({ startedAt, tries }, fault, now, plan, ctx.random));
};

const run = async (
  ctx: DeliveryContext,
  plan: DropPlan,
  claimed: Claimed,
  tries: { count: number },
  signal: AbortSignal,
): Promise<void> => {
  reached('5 attempt recorded');
  const { id, batchId } = claimed.delivery;
  const earlier = (await attemptsOf(ctx.store.read, id)).filter(({ number }) => number < claimed.number);
  const parcels = await parcelsOf(ctx.store.read, batchId);
  const history = historyOf(earlier, parcels);
  tries.count = history.tries + 1;
  refuseOtherPlace(plan, claimed, history);
  refuseMarkerless(plan, claimed, parcels);
  await checkSpool(ctx.spool, parcels.slice(history.next));
  signal.throwIfAborted();
  const next = parcels[history.next];
  const digest = next && beginDigest(ctx.spool.pathOf(next.spool), next.bytes);
  try {
    await connected({ ctx, plan, claimed, parcels, earlier, history, ...(digest && { digest }) }, signal);
  } finally {
    digest?.stop();
  }
};

const connected = async (errand: Errand, signal: AbortSignal): Promise<void> => {
  const drop = await connect(errand.ctx, errand.plan, signal);
  const close = () => void drop.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    signal.throwIfAborted();
    await sendAll(errand, drop);
  } finally {
    signal.removeEventListener('abort', close);
    await drop.close();
  }
};

/** What is unclear or half done at one place cannot be finished at another. */
const refuseOtherPlace = (plan: DropPlan, { delivery }: Claimed, { open, next, place }: History): void => {
  const now = placeOf(plan.spec);
  const before = open?.place ?? (next > 0 ? place : undefined);
  if (before !== undefined && before !== now)
    throw onHold(delivery.fileName, delivery.dropName, placeChanged(before, now));
};

/** Never a file under its final name that no marker will follow. */
const refuseMarkerless = (plan: DropPlan, { delivery }: Claimed, parcels: readonly Parcel[]): void => {
  if (plan.spec.rename === false && parcels.at(-1)?.marker !== true)
    throw onHold(delivery.fileName, delivery.dropName, noMarker);
};

const sendAll = async (
  { ctx, plan, claimed, parcels, earlier, history, digest }: Errand,
  drop: Drop,
): Promise<void> => {
  const { store } = ctx;
  const last = parcels.at(-1);
  const shared = { ctx, plan, claimed, drop, ...(last?.marker && { marker: last }) };
  // `deliveredAt` of a delivery that is being sent is that of the time before.
  const resent = claimed.delivery.deliveredAt !== null;
  for (const [index, parcel] of parcels.entries()) {
    if (index < history.next) continue;
    const inHand = index === history.next;
    const known = inHand ? { ...(history.open && { open: history.open }), ...(digest && { digest }) } : {};
    const begun = inHand && history.begunAt === drop.place;
    const sent = inHand && history.sent;
    const seen = await sendParcel({ ...shared, parcel, sent, resent, begun, ...known });
    const ofBatch = index === 0 ? seen : undefined;
    if (index < parcels.length - 1) {
      await confirm(store, claimed, parcel.fileName, ofBatch);
      continue;
    }
    // 6. Sweep and receipt; in this order, because after the receipt nobody comes back for what a crash has left.
    const left = leftovers(earlier, drop.place);
    await sweep(drop, plan.spec.replace ? left.flatMap((name) => [name, asideName(name)]) : left);
    reached('6 swept');
    reached('6 before receipt');
    await receipt(store, claimed, parcel.fileName, ofBatch);
    reached('6 receipt');
  }
};

/**
 * 6. Sweeps our older partial names, and what was replaced in those attempts; only names that our own attempts recorded. What cannot be removed stays, and a drop
 * that has stopped to answer does not hold up the receipt for each of them.
 */
const sweep = async (drop: Drop, names: string[]): Promise<void> => {
  for (const name of names) {
    const removing = async () => drop.remove(safeName(name));
    const fault = await removing().then(
      () => undefined,
      (error: unknown) => asFault(error, 'remove', name),
    );
    if (fault?.next === 'retry') return;
  }
};
