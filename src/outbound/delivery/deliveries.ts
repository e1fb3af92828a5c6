import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { cutPage, type Page } from '../../store/page.ts';
import { int, intOrNull, type Writer } from '../../store/store.ts';
import type { Delivery, DeliveryState, Receipt, Trouble } from './delivery.ts';

export type Row = Record<string, unknown>;

const textOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

const toDelivery = (row: Row): Delivery => ({
  id: int(row['id']),
  batchId: int(row['batch_id']),
  feed: String(row['feed']),
  dropName: String(row['drop_name']),
  ordering: row['ordering'] as Delivery['ordering'],
  state: row['state'] as DeliveryState,
  attempts: int(row['attempts']),
  claim: int(row['claim']),
  holder: textOrNull(row['holder']),
  leasedUntil: intOrNull(row['leased_until']),
  createdAt: int(row['created_at']),
  nextAttemptAt: int(row['next_attempt_at']),
  startedAt: intOrNull(row['started_at']),
  deliveredAt: intOrNull(row['delivered_at']),
  seen: row['seen'] as Receipt | null,
  pickedUpAt: intOrNull(row['picked_up_at']),
  resend: Number(row['resend']) === 1,
  error: textOrNull(row['error']),
  hint: textOrNull(row['hint']),
  errorCode: textOrNull(row['error_code']),
  settledReason: textOrNull(row['settled_reason']),
  fileName: String(row['file_name']),
  bytes: int(row['bytes']),
});

/**
 * The duty to bring a batch to a drop, due at once, or `held` from the start for that reason. Called in the database
 * transaction that freezes the batch (commit point 4). `ordering: strict`: not before every earlier strict delivery of the
 * same feed to the same drop is done.
 */
export const plan = async (
  { knex }: Writer,
  wanted: Pick<Delivery, 'batchId' | 'feed' | 'dropName' | 'ordering'> & { now: number; held?: Trouble },
): Promise<void> => {
  await knex('deliveries').insert({
    batch_id: wanted.batchId,
    feed: wanted.feed,
    drop_name: wanted.dropName,
    ordering: wanted.ordering,
    state: wanted.held ? 'held' : 'pending',
    created_at: wanted.now,
    next_attempt_at: wanted.now,
    ...(wanted.held && troubleColumns(wanted.held)),
  });
};

/** Which deliveries; all of them without a filter. */
export interface DeliveryFilter {
  id?: number;
  batchId?: number;
  feed?: string;
  dropName?: string;
  states?: readonly DeliveryState[];
  dropNames?: readonly string[];
  /** Of one of these. */
  feeds?: readonly string[];
  /** Only those delivered since then (milliseconds) that no partner was seen to take and whose batch has not expired. */
  lyingSince?: number;
}

/** Whether a lease is over. One that ends too far ahead was written before the clock was set back. */
export const leaseOver = (until: number | null, now: number): boolean =>
  until === null || until <= now || until > now + longestLeaseMs;

/** No lease on a delivery is longer than this, with some slack for clocks. */
const longestLeaseMs = 60_000;

const columns = ['d.*', 'b.file_name', 'b.bytes'];

const withBatch = (db: Knex): Knex.QueryBuilder =>
  db('deliveries as d').join('batches as b', 'b.id', 'd.batch_id').select(columns);

const narrow = (query: Knex.QueryBuilder, filter: DeliveryFilter): Knex.QueryBuilder => {
  if (filter.id !== undefined) void query.where('d.id', filter.id);
  if (filter.batchId !== undefined) void query.where('d.batch_id', filter.batchId);
  if (filter.feed !== undefined) void query.where('d.feed', filter.feed);
  if (filter.dropName !== undefined) void query.where('d.drop_name', filter.dropName);
  if (filter.states) void query.whereIn('d.state', [...filter.states]);
  if (filter.dropNames) void query.whereIn('d.drop_name', [...filter.dropNames]);
  if (filter.feeds) void query.whereIn('d.feed', [...filter.feeds]);
  if (filter.lyingSince !== undefined)
    void query.whereNull('d.picked_up_at').whereNull('b.expired_at').where('d.delivered_at', '>=', filter.lyingSince);
  return query;
};

/** In order of planning, unless the page says otherwise. */
export const findDeliveries = async (db: Knex, filter: DeliveryFilter = {}, page: Page = {}): Promise<Delivery[]> => {
  const query = narrow(withBatch(db), filter);
  cutPage(query, 'd.id', page);
  return ((await query) as Row[]).map(toDelivery);
};

export const findDelivery = async (db: Knex, id: number): Promise<Delivery | undefined> =>
  (await findDeliveries(db, { id }))[0];

/** Strict order: an earlier delivery of the same feed to the same drop that was never delivered nor settled. */
const earlierOnes = (db: Knex): Knex.QueryBuilder =>
  db('deliveries as e')
    .select(db.raw('1'))
    .where({ 'e.feed': db.ref('d.feed'), 'e.drop_name': db.ref('d.drop_name') })
    .where('e.batch_id', '<', db.ref('d.batch_id'))
    .where({ 'e.ordering': 'strict', 'd.ordering': 'strict' })
    .whereIn('e.state', ['pending', 'sending', 'held'])
    // What is sent again by hand had its turn already, and neither waits nor makes others wait.
    .whereNull('e.delivered_at')
    .whereNull('e.settled_reason')
    .whereNull('d.delivered_at')
    .whereNull('d.settled_reason');

/** One connection per drop: another delivery to it is under way. */
const busyDrop = (db: Knex, now: number): Knex.QueryBuilder =>
  db('deliveries as o')
    .select(db.raw('1'))
    .where({ 'o.drop_name': db.ref('d.drop_name'), 'o.state': 'sending' })
    .where('o.id', '<>', db.ref('d.id'))
    .whereBetween('o.leased_until', [now + 1, now + longestLeaseMs]);

export interface DueFilter extends DeliveryFilter {
  /** What waits for its next attempt is due too. */
  ignoreBackoff?: boolean;
}

const isDue = (query: Knex.QueryBuilder, now: number, ignoreBackoff: boolean): Knex.QueryBuilder => {
  const pending = (part: Knex.QueryBuilder) => {
    void part.where('d.state', 'pending');
    if (!ignoreBackoff) void part.where('d.next_attempt_at', '<=', now);
  };
  const orphaned = (part: Knex.QueryBuilder) => {
    void part.where('d.state', 'sending');
    void part.where((over) => {
      void over.whereNull('d.leased_until').orWhere('d.leased_until', '<=', now);
      void over.orWhere('d.leased_until', '>', now + longestLeaseMs);
    });
  };
  return query.where((either) => void either.where(pending).orWhere(orphaned));
};

/**
 * What can be taken now: pending and due, or left behind by a process that is gone; its turn by strict order; its drop
 * not in use by another delivery. Oldest batch first.
 */
export const dueDeliveries = async (db: Knex, now: number, filter: DueFilter = {}): Promise<Delivery[]> => {
  const query = isDue(narrow(withBatch(db), filter), now, filter.ignoreBackoff === true);
  const free = query.whereNotExists(earlierOnes(db)).whereNotExists(busyDrop(db, now));
  return ((await free.orderBy('d.batch_id').orderBy('d.id')) as Row[]).map(toDelivery);
};

/** When the next delivery becomes due or a lease runs out, in milliseconds; undefined when nothing is under way. */
export const nextDueAt = async (db: Knex): Promise<number | undefined> => {
  const waiting = db('deliveries as d').where('d.state', 'pending').whereNotExists(earlierOnes(db));
  const pending = (await waiting.min('d.next_attempt_at as at').first()) as Row | undefined;
  const sending = (await db('deliveries').where('state', 'sending').min('leased_until as at').first()) as
    Row | undefined;
  const times = [pending?.['at'], sending?.['at']].map(intOrNull).filter((at) => at !== null);
  return times.length > 0 ? Math.min(...times) : undefined;
};

/** Puts a delivery on hold that was found due and has no attempt under way; false when it has changed since. */
export const holdDue = async ({ knex }: Writer, due: Delivery, trouble: Trouble): Promise<boolean> => {
  const { id, claim, state, leasedUntil } = due;
  const held = { state: 'held', holder: null, leased_until: null, claim: claim + 1, ...troubleColumns(trouble) };
  return (await knex('deliveries').where({ id, claim, state, leased_until: leasedUntil }).update(held)) === 1;
};

export const troubleColumns = ({ error, hint, code }: Trouble) => ({ error, hint, error_code: code });

const isoOrNull = (at: number | null): string | null => (at === null ? null : isoInstant(at));

/** One line of `nightdrop deliveries --json`. */
export const showDelivery = (delivery: Delivery) => ({
  id: delivery.id,
  batch: delivery.batchId,
  feed: delivery.feed,
  drop: delivery.dropName,
  state: delivery.state,
  attempts: delivery.attempts,
  remoteName: delivery.fileName,
  bytes: delivery.bytes,
  startedAt: isoOrNull(delivery.startedAt),
  deliveredAt: isoOrNull(delivery.deliveredAt),
  seen: delivery.seen,
  pickedUp: isoOrNull(delivery.pickedUpAt),
  error: delivery.error,
  hint: delivery.hint,
});
