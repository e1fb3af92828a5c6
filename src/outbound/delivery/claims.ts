import { claimLost } from '../../work/leases.ts';
import type { Store, Writer } from '../../store/store.ts';
import { beginAttempt, endAttempt, markPhase, type AttemptKey } from './attempts.ts';
import type { Aftermath, Delivery, Receipt } from './delivery.ts';
import { type DueFilter, dueDeliveries, findDelivery, troubleColumns } from './deliveries.ts';
import { partsOf } from './parcels.ts';

/** A delivery that is ours to attempt, until another takes it over. */
export interface Claimed {
  delivery: Delivery;
  /** Of the attempt that begins with the claim. */
  number: number;
  /** First attempt since it was planned, released or resent; milliseconds. */
  startedAt: number;
}

const keyOf = ({ delivery, number }: Claimed): AttemptKey => ({ deliveryId: delivery.id, number });

/**
 * Takes one delivery that is due and records its attempt, in one database transaction; undefined when it is not due (any
 * more). All open deliveries of the drop are locked first, so that two processes never take two of them at once.
 */
export const claim = (
  store: Store,
  wanted: { id: number; dropName: string; place: string; holder: string; leaseMs: number },
  filter: Pick<DueFilter, 'ignoreBackoff'> = {},
): Promise<Claimed | undefined> =>
  store.write(async (writer) => {
    const { knex } = writer;
    const ofDrop = knex('deliveries').where({ drop_name: wanted.dropName }).whereIn('state', ['pending', 'sending']);
    await ofDrop.orderBy('id').forUpdate().select('id');
    const now = await writer.now();
    const [due] = await dueDeliveries(knex, now, { ...filter, id: wanted.id });
    if (!due) return undefined;
    const startedAt = due.startedAt ?? now;
    const { holder, leaseMs, place } = wanted;
    const taken = { holder, leased_until: now + leaseMs, claim: due.claim + 1, attempts: due.attempts + 1 };
    await knex('deliveries')
      .where({ id: due.id })
      .update({ state: 'sending', started_at: startedAt, ...taken });
    const phase = 'looking';
    const number = await beginAttempt(writer, { deliveryId: due.id, place, fileName: due.fileName, phase, now });
    const delivery = await findDelivery(knex, due.id);
    return delivery && { delivery, number, startedAt };
  });

const own = ({ delivery: { id, claim: mine, holder } }: Claimed) => ({ id, claim: mine, holder, state: 'sending' });

/** Holds the delivery for `ms` from now. False when it was taken over or given back. */
export const renewClaim = (store: Store, claimed: Claimed, ms: number): Promise<boolean> =>
  store.write(async (writer) => {
    const until = { leased_until: (await writer.now()) + ms };
    return (await writer.knex('deliveries').where(own(claimed)).update(until)) === 1;
  });

/**
 * A write that only the owner may make: Fault `claim-lost` when another has taken over, and until the write has ended
 * nobody can. `to` are new values of the delivery.
 */
const asOwner = (store: Store, claimed: Claimed, work: (writer: Writer) => Promise<object>): Promise<void> =>
  store.write(async (writer) => {
    const row: unknown = await writer.knex('deliveries').where(own(claimed)).forUpdate().first('id');
    if (!row) throw claimLost(`delivery ${claimed.delivery.id}`);
    const to = await work(writer);
    if (Object.keys(to).length > 0) await writer.knex('deliveries').where(own(claimed)).update(to);
  });

/** Turns to a file, or goes a step further with the one in hand. */
export const record = (
  store: Store,
  claimed: Claimed,
  phase: 'uploading' | 'renaming' | 'renamed',
  file?: { fileName: string; partialName: string },
): Promise<void> =>
  asOwner(store, claimed, async (writer) => {
    await markPhase(writer, keyOf(claimed), phase, file);
    return {};
  });

/** A file is done. `seen` is kept for the batch's own file. */
export const confirm = (store: Store, claimed: Claimed, fileName: string, seen: Receipt | undefined): Promise<void> =>
  asOwner(store, claimed, async (writer) => {
    await markPhase(writer, keyOf(claimed), 'confirmed', { fileName, partialName: '' });
    return seen ? { seen } : {};
  });

const givenBack = { holder: null, leased_until: null };

/** Commit point 6: the last file is done, and with it the delivery. */
export const receipt = (store: Store, claimed: Claimed, fileName: string, seen: Receipt | undefined): Promise<void> =>
  asOwner(store, claimed, async (writer) => {
    const now = await writer.now();
    await markPhase(writer, keyOf(claimed), 'confirmed', { fileName, partialName: '' });
    await endAttempt(writer, keyOf(claimed), { outcome: 'delivered' });
    const receiptOf = seen ?? (await findDelivery(writer.knex, claimed.delivery.id))?.seen ?? null;
    // Already gone when we looked: the partner has it, unless there are parts that nobody has looked for since.
    const taken = receiptOf === 'no' && (await partsOf(writer.knex, claimed.delivery.batchId)).length === 0;
    const pickedUp = taken ? { picked_up_at: now } : {};
    const clean = { error: null, hint: null, error_code: null, resend: false };
    return { state: 'delivered', delivered_at: now, seen: receiptOf, ...pickedUp, ...clean, ...givenBack };
  });

/** The attempt failed; `judge` says at that moment what becomes of the delivery. */
export const fail = (store: Store, claimed: Claimed, judge: (now: number) => Aftermath): Promise<void> =>
  asOwner(store, claimed, async (writer) => {
    const aftermath = judge(await writer.now());
    const { state, trouble } = aftermath;
    await endAttempt(writer, keyOf(claimed), { outcome: 'failed', error: trouble.error, hint: trouble.hint });
    const next = aftermath.state === 'pending' ? { next_attempt_at: aftermath.nextAttemptAt } : {};
    return { state, ...next, ...troubleColumns(trouble), ...givenBack };
  });

/** The attempt was broken off by us: the delivery is due again at once, or after `pauseMs`. */
export const abandon = (store: Store, claimed: Claimed, pauseMs = 0): Promise<void> =>
  asOwner(store, claimed, async (writer) => {
    await endAttempt(writer, keyOf(claimed), { outcome: 'abandoned' });
    return { state: 'pending', next_attempt_at: (await writer.now()) + pauseMs, ...givenBack };
  });
