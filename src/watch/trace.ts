import { isoInstant } from '../clock.ts';
import { submissionsNaming } from '../inbound/submission/naming.ts';
import { type ShownTransaction, showOrder } from '../ledger/ledger-view.ts';
import { findDeliveries } from '../outbound/delivery/deliveries.ts';
import type { Delivery } from '../outbound/delivery/delivery.ts';
import { batchesHolding } from '../outbound/feed/holding.ts';
import type { Store } from '../store/store.ts';

/** One thing that happened to an order, as it is shown. Instants in ISO 8601. */
export type TraceEvent = { at: string; what: string } & Record<string, unknown>;

/** An event with what it belongs to: the event type of what came in, or the feed of what went out. */
export interface Traced {
  event: TraceEvent;
  owner: { eventType: number } | { feed: string };
}

const journalEvents = ({ transactionId, eventTypeId, journal }: ShownTransaction): Traced[] =>
  journal.map(({ at, change, ...entry }) => ({
    event: { at, what: change, transactionId, ...entry },
    owner: { eventType: Number(eventTypeId) },
  }));

const deliveryEvents = (delivery: Delivery): TraceEvent[] => {
  const { id, batchId: batch, feed, dropName: drop, fileName, attempts, error } = delivery;
  const about = { delivery: id, batch, feed, drop, fileName };
  const events: TraceEvent[] = [{ at: isoInstant(delivery.createdAt), what: 'planned', ...about }];
  const { deliveredAt, state, startedAt, pickedUpAt, settledReason: reason } = delivery;
  if (deliveredAt !== null)
    events.push({ at: isoInstant(deliveredAt), what: 'delivered', ...about, seen: delivery.seen });
  if (state !== 'delivered' && (state !== 'pending' || startedAt !== null)) {
    const at = isoInstant(startedAt ?? delivery.createdAt);
    events.push({ at, what: state, ...about, attempts, error, ...(reason ? { reason } : {}) });
  }
  if (pickedUpAt !== null) events.push({ at: isoInstant(pickedUpAt), what: 'picked up', ...about });
  return events;
};

/** Also lines that changed nothing, and those of an order that the ledger does not have. */
const submissionEvents = async ({ read }: Store, orderId: string): Promise<Traced[]> =>
  (await submissionsNaming(read, orderId)).map(({ at, ...named }) => ({
    event: { at: isoInstant(at), what: 'submitted', ...named },
    owner: { eventType: named.eventType },
  }));

/** The batches that hold one of these journal entries, and where they went. */
const batchEvents = async (store: Store, sequences: readonly number[]): Promise<Traced[]> => {
  const events: Traced[] = [];
  const batches = new Set<number>();
  for (const { batch, fileName, sequence } of await batchesHolding(store, sequences)) {
    const { id, feed, number, frozenAt } = batch;
    batches.add(id);
    const event = { at: isoInstant(frozenAt), what: 'frozen', batch: id, feed, number, fileName, sequence };
    events.push({ event, owner: { feed } });
  }
  const sent = await Promise.all([...batches].map((batchId) => findDeliveries(store.read, { batchId })));
  const deliveries = sent.flat().flatMap((delivery) => {
    const owner = { feed: delivery.feed };
    return deliveryEvents(delivery).map((event) => ({ event, owner }));
  });
  return [...events, ...deliveries];
};

/** Journal, submissions, batches and deliveries of an order, in order of time. */
export const traceOrder = async (store: Store, orderId: string): Promise<Traced[]> => {
  const [transactions, submitted] = await Promise.all([showOrder(store, orderId), submissionEvents(store, orderId)]);
  const sequences = transactions.flatMap(({ journal }) => journal.map((entry) => entry.sequence));
  const inbound = [...transactions.flatMap(journalEvents), ...submitted];
  const all = [...inbound, ...(await batchEvents(store, sequences))];
  return all.sort(({ event: a }, { event: b }) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
};
