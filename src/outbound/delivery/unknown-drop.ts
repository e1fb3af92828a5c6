import type { DeliveryContext } from './context.ts';
import type { Delivery } from './delivery.ts';
import { dueDeliveries, type DueFilter, findDelivery, holdDue } from './deliveries.ts';

/** How long a delivery may be due to a drop that we do not know before it is held. Milliseconds. */
const patienceMs = 5 * 60_000;

/**
 * Holds what has been due for five minutes to a drop that is not in the configuration, and resolves to it. Until then it
 * stays pending: another process, or we after a restart, may know a newer configuration than this one. The log says so
 * once for each delivery: `said` holds the ids of those of which it has.
 */
export const holdUnknownDrops = async (
  ctx: DeliveryContext,
  filter: DueFilter,
  said: Set<number>,
): Promise<Delivery[]> => {
  const now = ctx.clock.now();
  const due = await dueDeliveries(ctx.store.read, now, filter);
  const unknown = due.filter(({ dropName }) => !ctx.drops.has(dropName));
  const late = unknown.filter((one) => dueFor(one, now) >= patienceMs);
  const held: Delivery[] = [];
  for (const delivery of late) held.push(...(await holdOne(ctx, delivery)));
  sayOnce(
    ctx,
    unknown.filter((one) => !late.includes(one)),
    said,
  );
  return held;
};

/** How long it has been waiting for somebody to take it, in milliseconds. */
const dueFor = ({ state, nextAttemptAt, leasedUntil }: Delivery, now: number): number =>
  now - (state === 'sending' ? (leasedUntil ?? nextAttemptAt) : nextAttemptAt);

const sayOnce = ({ log }: DeliveryContext, unknown: readonly Delivery[], said: Set<number>): void => {
  const fresh = unknown.filter(({ id }) => !said.has(id));
  if (fresh.length === 0) return;
  for (const { id } of fresh) said.add(id);
  const drops = [...new Set(fresh.map(({ dropName }) => dropName))];
  log?.info({ drops, deliveries: fresh.map(({ id }) => id) }, 'not configured here: held when due for 5 minutes');
};

/** Empty when it has changed since. */
const holdOne = async ({ store }: DeliveryContext, unknown: Delivery): Promise<Delivery[]> => {
  const trouble = {
    error: `deliver ${unknown.fileName} to ${unknown.dropName}: no drop of that name is configured`,
    hint: 'put the drop back into its partner file and release the delivery, or settle it',
    code: 'drop-unknown',
  };
  if (!(await store.write((writer) => holdDue(writer, unknown, trouble)))) return [];
  return [(await findDelivery(store.read, unknown.id)) ?? unknown];
};
