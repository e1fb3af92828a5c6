import { Fault } from '../../fault.ts';
import type { Store, Writer } from '../../store/store.ts';
import { noteByHand } from './attempts.ts';
import { connect } from './connect.ts';
import type { DeliveryContext } from './context.ts';
import { type Delivery, type DeliveryState, type DropPlan, mayMove, type Parcel } from './delivery.ts';
import { findDelivery, leaseOver } from './deliveries.ts';
import { lookFor } from './look.ts';
import { checkSpool, isExpired, isExpiredNow, parcelsOf } from './parcels.ts';
import { meet } from './recover.ts';

const refused = (operation: string, id: number, reason: string, hint: string, code: string): Fault =>
  new Fault({ operation, object: `delivery ${id}`, reason, hint, next: 'refuse', code });

const existing = async (store: Store, operation: string, id: number): Promise<Delivery> => {
  const found = await findDelivery(store.read, id);
  if (found) return found;
  throw refused(operation, id, 'there is no such delivery', 'list them: nightdrop deliveries', 'missing');
};

const hints: Record<DeliveryState, string> = {
  pending: 'it is sent as soon as it is due',
  sending: 'wait until the attempt has ended',
  held: 'release it, or settle it',
  delivered: 'nothing is left to do; resend sends it again',
  settled: 'nothing is left to do; resend sends it again',
};

/** Changes a delivery by hand, in one database transaction; any attempt under way loses it by the new claim number. */
const change = (
  store: Store,
  operation: string,
  id: number,
  to: DeliveryState,
  work: (writer: Writer, delivery: Delivery) => Promise<object>,
): Promise<void> =>
  store.write(async (writer) => {
    const { knex } = writer;
    await knex('deliveries').where({ id }).forUpdate().first('id');
    const found = await findDelivery(knex, id);
    if (!found) throw refused(operation, id, 'there is no such delivery', 'list them: nightdrop deliveries', 'missing');
    refuseState(operation, found, to, await writer.now());
    const values = await work(writer, found);
    const free = { holder: null, leased_until: null, claim: found.claim + 1 };
    await knex('deliveries')
      .where({ id })
      .update({ state: to, ...free, ...values });
  });

/** A delivery whose sender is gone counts as pending. */
const refuseState = (operation: string, { id, state, leasedUntil }: Delivery, to: DeliveryState, now: number): void => {
  const effective = state === 'sending' && leaseOver(leasedUntil, now) ? 'pending' : state;
  if (mayMove(effective, to)) return;
  throw refused(operation, id, `it is ${state}`, hints[effective], `is-${state}`);
};

const stale = (id: number, { error }: Delivery): Fault =>
  refused('release', id, `it is held anew since: ${error ?? 'no reason was kept'}`, 'look at it as it is now', 'stale');

const afresh = { error: null, hint: null, error_code: null };

/**
 * Held → pending, due at once: a person has looked and lets it go on. What was unclear counts as looked into, and
 * `giveUpAfter` counts anew from its next attempt. Files that are confirmed are not sent again. Fault `is-…` (refuse)
 * when it is not held. `shownClaim` is the claim number that a page showed: Fault `stale` (refuse) when it is held anew
 * since, maybe for another reason.
 */
export const release = async (store: Store, id: number, shownClaim?: number): Promise<void> => {
  const found = await existing(store, 'release', id);
  if (found.state !== 'held')
    throw refused('release', id, `it is ${found.state}`, hints[found.state], `is-${found.state}`);
  await change(store, 'release', id, 'pending', async (writer, now) => {
    if (shownClaim !== undefined && shownClaim !== now.claim) throw stale(id, now);
    await noteByHand(writer, id, 'released');
    return { ...afresh, started_at: null, next_attempt_at: await writer.now() };
  });
};

/**
 * Pending or held → settled: a person has seen to it in another way. Frees the strict order behind it. Fault `is-…`
 * (refuse) while it is being sent, or when nothing is left to do.
 */
export const settle = async (store: Store, id: number, reason: string): Promise<void> => {
  if (reason.trim() === '') throw refused('settle', id, 'no reason is given', 'say why: --reason TEXT', 'reason');
  await existing(store, 'settle', id);
  await change(store, 'settle', id, 'settled', () => Promise.resolve({ ...afresh, settled_reason: reason }));
};

/**
 * The same batch again: looks at the drop, and when every file lies there with the same bytes nothing is changed
 * (`same`). Otherwise the delivery is due at once (`pending`), and an attempt sends the files that are missing. Delivered,
 * settled and held deliveries can be resent. Faults: `is-…`, `taken` (other bytes are there and the drop does not
 * replace), `drop-unknown`, `expired`, `spool-damaged`, those of the drop.
 */
export const resend = async (ctx: DeliveryContext, id: number): Promise<'same' | 'pending'> => {
  const delivery = await existing(ctx.store, 'resend', id);
  refuseUnlessDone(delivery);
  const plan = ctx.drops.get(delivery.dropName);
  if (!plan) {
    const reason = `no drop ${delivery.dropName} is configured`;
    throw refused('resend', id, reason, 'put the drop back into its partner file', 'drop-unknown');
  }
  if (await isExpired(ctx.store.read, delivery.batchId)) throw expired(id);
  const parcels = await parcelsOf(ctx.store.read, delivery.batchId);
  await checkSpool(ctx.spool, parcels);
  if (await allThere(ctx, plan, delivery, parcels)) return 'same';
  await change(ctx.store, 'resend', id, 'pending', async (writer, now) => {
    if (now.claim !== delivery.claim) refuseUnlessDone(now);
    // Once more: the bytes may have left the spool while we looked at the drop.
    if (await isExpiredNow(writer, now.batchId)) throw expired(id);
    await noteByHand(writer, id, 'resent');
    const open = { picked_up_at: null, seen: null, resend: true, started_at: null };
    return { ...afresh, ...open, next_attempt_at: await writer.now() };
  });
  return 'pending';
};

const expired = (id: number): Fault => {
  const hint = 'raise retention.batchFiles for later ones; export the time frame by hand';
  return refused('resend', id, 'its bytes are no longer kept', hint, 'expired');
};

const refuseUnlessDone = ({ id, state }: Delivery): void => {
  if (state === 'pending' || state === 'sending')
    throw refused('resend', id, `it is ${state}`, hints[state], `is-${state}`);
};

/** Whether every file lies there already. Where bytes cannot be read back the size decides, as we put it there once. */
const allThere = async (
  ctx: DeliveryContext,
  plan: DropPlan,
  { id, deliveredAt }: Delivery,
  parcels: readonly Parcel[],
): Promise<boolean> => {
  const drop = await connect(ctx, plan);
  try {
    let all = true;
    for (const parcel of parcels) {
      const sent = deliveredAt !== null;
      const verdict = meet(await lookFor(drop, parcel, undefined, plan.spec.confirm === 'none'), parcel, {
        sent,
        replace: plan.spec.replace,
      });
      if (verdict.do === 'hold')
        throw refused('resend', id, `${parcel.fileName}: ${verdict.reason}`, 'remove that file first', verdict.code);
      all &&= verdict.do === 'delivered';
    }
    return all;
  } finally {
    await drop.close();
  }
};
