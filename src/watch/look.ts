import type { Knex } from 'knex';
import { placeOf } from '../drop/drop.ts';
import type { Clock } from '../clock.ts';
import { placesOf } from '../outbound/delivery/attempts.ts';
import type { Delivery, DropPlan } from '../outbound/delivery/delivery.ts';
import { findDeliveries } from '../outbound/delivery/deliveries.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import { allFeeds } from '../outbound/feed/feeds.ts';
import { feedTroubles } from '../outbound/feed/troubles.ts';
import { int, intOrNull, type Row, type Store } from '../store/store.ts';
import { lastSeen, unfinishedOccurrences } from '../work/occurrences.ts';
import type { Cause } from './cause.ts';
import { heldCauses } from './held.ts';
import { endingKeysNow, keyCauses } from './keys.ts';
import { feedCauses, type FeedFacts, lateDeliveries, lateFeeds, type OpenDelivery } from './late.ts';
import { inboundCauses, type SubmissionSight } from './look-submissions.ts';
import { defaultPickupWithin, pickupCauses } from './pickup.ts';

/** What the watch looks at. */
export interface Sight extends SubmissionSight {
  store: Store;
  clock: Clock;
  /** Of all partners, retired ones too. */
  feeds: readonly Feed[];
  drops: ReadonlyMap<string, DropPlan>;
  /** How long after its due time a file is late, milliseconds; a feed's own `late` goes before it. */
  late: number;
}

/** Everything that is wrong now. Reads only. */
export const findCauses = async (sight: Sight): Promise<Cause[]> => {
  const { store, clock, feeds } = sight;
  const now = clock.now();
  const held = await findDeliveries(store.read, { states: ['held'] });
  const open = await openDeliveries(store.read);
  const facts = await factsOf(store.read, feeds);
  const late = new Map(feeds.map((feed) => [feed.name, feed.late]));
  const lateOf = (feed: string): number => late.get(feed) ?? sight.late;
  return [
    ...heldCauses(held, open),
    ...feedCauses(facts),
    ...keyCauses(await endingKeysNow(feeds, now)),
    ...lateFeeds(facts, lateOf, now),
    ...lateDeliveries(open, held, lateOf, now),
    ...pickupCauses(await lyingDeliveries(sight, now), withinOf(sight), now),
    ...(await inboundCauses(store.read, sight, now)),
  ];
};

const factsOf = async (db: Knex, feeds: readonly Feed[]): Promise<FeedFacts[]> => {
  const known = new Map((await allFeeds(db)).map((history) => [history.name, history]));
  const troubles = new Map((await feedTroubles(db)).map((trouble) => [trouble.feed, trouble]));
  const facts: FeedFacts[] = [];
  for (const feed of feeds) {
    const history = known.get(feed.name);
    facts.push({
      feed,
      knownSince: history?.renamedTo === null ? history.knownSince : undefined,
      lastDue: await lastSeen(db, feed.name),
      unfinished: (await unfinishedOccurrences(db, feed.name))[0]?.due,
      trouble: troubles.get(feed.name),
    });
  }
  return facts;
};

const openDeliveries = async (db: Knex): Promise<OpenDelivery[]> => {
  const open = await findDeliveries(db, { states: ['pending', 'sending'] });
  if (open.length === 0) return [];
  const dues = await duesOf(db);
  const turns = await turnsOf(db);
  return open.map((one) => {
    const turn = one.ordering === 'strict' ? (turns.get(`${one.feed}:${one.dropName}`) ?? 0) : 0;
    return { ...one, dueAt: Math.max(dues.get(one.id) ?? one.createdAt, turn) };
  });
};

/** When the batch of each open delivery was due by the clock (else: made), or when a person released or resent it. */
const duesOf = async (db: Knex): Promise<Map<number, number>> => {
  const byHand = db('attempts')
    .whereIn('phase', ['released', 'resent'])
    .whereIn('delivery_id', db('deliveries').whereIn('state', ['pending', 'sending']).select('id'))
    .groupBy('delivery_id')
    .select('delivery_id')
    .max({ at: 'started_at' });
  const rows = (await db('deliveries as d')
    .join('batches as b', 'b.id', 'd.batch_id')
    .leftJoin('occurrences as o', (on) => void on.on('o.id', 'b.occurrence_id').andOnVal('o.kind', 'schedule'))
    .leftJoin(byHand.as('h'), 'h.delivery_id', 'd.id')
    .whereIn('d.state', ['pending', 'sending'])
    .select('d.id', 'd.created_at', 'o.due', 'h.at')) as Row[];
  return new Map(
    rows.map((row) => {
      const due = intOrNull(row['due']) ?? int(row['created_at']);
      return [int(row['id']), Math.max(due, intOrNull(row['at']) ?? 0)];
    }),
  );
};

/** When the newest file of a feed came to a drop: what follows it in strict order could not be on its way before. */
const turnsOf = async (db: Knex): Promise<Map<string, number>> => {
  const open = db('deliveries').whereIn('state', ['pending', 'sending']).distinct('drop_name');
  const rows = (await db('deliveries')
    .where({ state: 'delivered' })
    .whereIn('drop_name', open)
    .groupBy('feed', 'drop_name')
    .select('feed', 'drop_name')
    .max({ at: 'delivered_at' })) as Row[];
  return new Map(rows.map((row) => [`${String(row['feed'])}:${String(row['drop_name'])}`, intOrNull(row['at']) ?? 0]));
};

/** As long as pickups are asked for (`outbound/delivery/pickup.ts`). Milliseconds. */
const longestWatchMs = 30 * 24 * 3_600_000;

const withinOf =
  ({ drops }: Sight) =>
  (drop: string): number | undefined => {
    const plan = drops.get(drop);
    return plan?.watchPickup ? (plan.pickupWithin ?? defaultPickupWithin) : undefined;
  };

/** Delivered files that are asked for and were not seen to be taken; one that lies at an earlier place is not asked for. */
const lyingDeliveries = async ({ store, drops }: Sight, now: number): Promise<Delivery[]> => {
  const dropNames = [...drops].filter(([, { watchPickup }]) => watchPickup).map(([name]) => name);
  if (dropNames.length === 0) return [];
  const lyingSince = now - longestWatchMs;
  const lying = await findDeliveries(store.read, { states: ['delivered'], dropNames, lyingSince });
  const here: Delivery[] = [];
  for (const [name, group] of Map.groupBy(lying, ({ dropName }) => dropName)) {
    const plan = drops.get(name);
    const places = await placesOf(store.read, name);
    here.push(...group.filter(({ id }) => plan && places.get(id) === placeOf(plan.spec)));
  }
  return here;
};
