import { isoInstant } from '../clock.ts';
import { submissionsNaming } from '../inbound/submission/naming.ts';
import { type ShownTransaction, showOrder } from '../ledger/ledger-view.ts';
import { findDeliveries } from '../outbound/delivery/deliveries.ts';
import type { Delivery } from '../outbound/delivery/delivery.ts';
import { batchesHolding } from '../outbound/feed/holding.ts';
import { argument } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, printable } from './output.ts';
import { type App, withApp } from './wire.ts';

/** One thing that happened to an order. */
type Event = { at: string; what: string } & Record<string, unknown>;

const journalEvents = ({ transactionId, journal }: ShownTransaction): Event[] =>
  journal.map(({ at, change, ...entry }) => ({ at, what: change, transactionId, ...entry }));

const deliveryEvents = (delivery: Delivery): Event[] => {
  const { id, batchId: batch, feed, dropName: drop, fileName, attempts, error } = delivery;
  const about = { delivery: id, batch, feed, drop, fileName };
  const events: Event[] = [{ at: isoInstant(delivery.createdAt), what: 'planned', ...about }];
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
const submissionEvents = async ({ store }: App, orderId: string): Promise<Event[]> =>
  (await submissionsNaming(store.read, orderId)).map(({ at, ...named }) => ({
    at: isoInstant(at),
    what: 'submitted',
    ...named,
  }));

/** Journal, submissions, batches and deliveries of an order, in order of time. */
const traceOrder = async (app: App, orderId: string): Promise<Event[]> => {
  const { store } = app;
  const transactions = await showOrder(store, orderId);
  const sequences = transactions.flatMap(({ journal }) => journal.map((entry) => entry.sequence));
  const events = [...transactions.flatMap(journalEvents), ...(await submissionEvents(app, orderId))];
  const batches = new Set<number>();
  for (const { batch, fileName, sequence } of await batchesHolding(store, sequences)) {
    const { id, feed, number, frozenAt } = batch;
    batches.add(id);
    events.push({ at: isoInstant(frozenAt), what: 'frozen', batch: id, feed, number, fileName, sequence });
  }
  for (const batchId of batches) {
    events.push(...(await findDeliveries(store.read, { batchId })).flatMap(deliveryEvents));
  }
  return events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
};

const line = ({ at, what, ...rest }: Event): string => {
  const facts = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  const shown = facts.map(([name, value]) => `${name} ${printable(String(value))}`);
  return `${moment(at)}  ${what.padEnd(10)}  ${shown.join(', ')}`;
};

export const trace: CliCommand = {
  name: 'trace',
  args: [{ name: '<order>', text: 'an orderId' }],
  options: [],
  summary: 'everything that touched an order: journal, submissions, batches, deliveries, in order',
  details: 'Exit code 3 when nothing is known of that order.',
  examples: [['trace S1-000000001', 'which file it is in, and when the partner got it']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const events = await traceOrder(app, argument(call, 0));
      session.out.answer(events, (all) => all.map(line).join('\n') || 'Nothing is known of that order.');
      return events.length === 0 ? exit.nothing : exit.done;
    }),
};
