import { placeOf, type Drop } from '../../drop/drop.ts';
import { safeName } from '../../safe-name.ts';
import { placesOf } from './attempts.ts';
import { connect } from './connect.ts';
import type { DeliveryContext } from './context.ts';
import type { Delivery } from './delivery.ts';
import { findDeliveries } from './deliveries.ts';
import { partsOf } from './parcels.ts';

/** After this a file that still lies there is no longer watched. Milliseconds. */
const longestWatchMs = 30 * 24 * 3_600_000;

/**
 * Looks, at each drop with `watchPickup`, which delivered files the partner has taken since (they are gone), and records
 * when that was seen. A file is asked for until its batch expires, and for 30 days at most. Resolves to those deliveries. One drop's trouble is logged and delays no other.
 */
export const watchPickups = async (ctx: DeliveryContext, signal?: AbortSignal): Promise<Delivery[]> => {
  const dropNames = [...ctx.drops].filter(([, { watchPickup }]) => watchPickup).map(([name]) => name);
  const lyingSince = ctx.clock.now() - longestWatchMs;
  const lying = await findDeliveries(ctx.store.read, { states: ['delivered'], dropNames, lyingSince });
  const taken = await Promise.all(
    [...Map.groupBy(lying, ({ dropName }) => dropName)].map(([dropName, deliveries]) =>
      watchDrop(ctx, dropName, deliveries, signal).catch((error: unknown) => {
        ctx.log?.warn({ drop: dropName, err: error }, 'could not look whether files were picked up');
        return [];
      }),
    ),
  );
  return taken.flat();
};

const watchDrop = async (
  ctx: DeliveryContext,
  dropName: string,
  deliveries: readonly Delivery[],
  signal: AbortSignal | undefined,
): Promise<Delivery[]> => {
  const plan = ctx.drops.get(dropName);
  if (!plan) return [];
  // A file that is not at another place than the one it was brought to was not taken there.
  const places = await placesOf(ctx.store.read, dropName);
  const here = deliveries.filter(({ id }) => places.get(id) === placeOf(plan.spec));
  if (here.length === 0) return [];
  const drop = await connect(ctx, plan, signal);
  try {
    const taken: Delivery[] = [];
    const lying = await listed(drop, here);
    for (const delivery of here) {
      if (signal?.aborted) break;
      if (await isTaken(ctx, drop, delivery, lying)) taken.push(await markPickedUp(ctx, delivery));
    }
    return taken;
  } finally {
    await drop.close();
  }
};

/** Whether the batch's file and all its parts are gone. */
const isTaken = async (
  { store }: DeliveryContext,
  drop: Drop,
  { fileName, batchId }: Delivery,
  lying: ReadonlySet<string>,
): Promise<boolean> => {
  if (lying.has(fileName) || !(await isGone(drop, fileName))) return false;
  for (const part of await partsOf(store.read, batchId)) {
    if (lying.has(part) || !(await isGone(drop, part))) return false;
  }
  return true;
};

const isGone = async (drop: Drop, fileName: string): Promise<boolean> =>
  (await drop.look(safeName(fileName))) === undefined;

/** Many files are seen in one list; what is missing in it is looked for by name, as a list may be cut short. */
const listed = async (drop: Drop, deliveries: readonly Delivery[]): Promise<Set<string>> => {
  if (deliveries.length < manyFiles) return new Set();
  return new Set((await drop.list().catch(() => [])).map(({ name }) => name));
};

const manyFiles = 16;

/** Only if nothing else happened to it since. */
const markPickedUp = async (ctx: DeliveryContext, delivery: Delivery): Promise<Delivery> => {
  const { id, claim } = delivery;
  const pickedUpAt = await ctx.store.write(async ({ knex, now }) => {
    const at = await now();
    await knex('deliveries').where({ id, claim, state: 'delivered' }).update({ picked_up_at: at });
    return at;
  });
  ctx.log?.info({ delivery: id, feed: delivery.feed, drop: delivery.dropName, file: delivery.fileName }, 'picked up');
  return { ...delivery, pickedUpAt };
};
