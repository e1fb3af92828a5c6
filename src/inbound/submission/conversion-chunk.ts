import { ordersTaken } from '../../ledger/addition.ts';
import { defaultConversions, type EventType } from '../../ledger/event-type.ts';
import { customerIdOf, type NewTransaction } from '../../ledger/transaction.ts';
import { insertTransactions, newestPartners } from '../../ledger/transactions.ts';
import type { Writer } from '../../store/store.ts';
import { type ConversionOrder, orderOf } from './conversion-order.ts';
import { keepCheckedConversions, ordersChecked, ordersNamed, partnersChecked } from './earlier-lines.ts';
import type { RecordGroup } from './group.ts';
import { type ConversionJudgement, judgeConversion } from './judge-conversion.ts';
import type { Verdict } from './judge-group.ts';
import type { Submission } from './submission.ts';
import { keepUnmatched, settleUnmatched } from './unmatched.ts';

/** Whether lines are those of a conversion file; all lines of a file are of one kind. */
export const areConversions = (groups: readonly RecordGroup[]): boolean => {
  const content = groups[0]?.[0]?.content;
  if (!content) return false;
  return 'refusal' in content ? content.refusal.outcome === 'CONV_MALFORMED' : 'conversion' in content;
};

type Attempt = { group: RecordGroup } & ReturnType<typeof orderOf>;

/** What a chunk would create, and what it keeps for want of a partner. */
interface Work {
  verdicts: Verdict[];
  created: { transaction: NewTransaction; number: number }[];
  unmatched: ConversionOrder[];
}

/** What the ledger, and the lines before, know of the orders and customers of a chunk. */
interface Before {
  taken: Set<string>;
  named: Set<string>;
  partners: Map<string, string>;
}

const chains = ({ id, conversions }: EventType): boolean => (conversions ?? defaultConversions).chainedTo.includes(id);

const lookBefore = async (
  writer: Writer,
  { id, check }: Submission,
  eventType: EventType,
  orders: readonly ConversionOrder[],
): Promise<Before> => {
  const orderIds = [...new Set(orders.map(({ orderId }) => orderId))];
  const ofItems = [...new Set(orders.flatMap(({ orderId, record }) => (record.isItem ? [orderId] : [])))];
  const customers = new Set(
    orders.flatMap((order) => (order.mediaPartnerId === null ? (customerIdOf(order) ?? []) : [])),
  );
  const { chainedTo } = eventType.conversions ?? defaultConversions;
  const taken = await ordersTaken(writer, eventType.id, orderIds);
  const named = await ordersNamed(writer, id, ofItems);
  const partners = await newestPartners(writer, chainedTo, [...customers]);
  if (!check) return { taken, named, partners };
  for (const orderId of await ordersChecked(writer, id, orderIds)) taken.add(orderId);
  const checked = chains(eventType) ? await partnersChecked(writer, id, [...customers]) : [];
  for (const [customerId, partner] of checked) partners.set(customerId, partner);
  return { taken, named, partners };
};

const verdictsOf = (attempt: Attempt, judged: ConversionJudgement | undefined): Verdict[] =>
  attempt.group.map((record): Verdict => {
    const { content, orderId } = record;
    if ('refusal' in content) return { record, orderId, ...content.refusal };
    if ('problem' in attempt) return { record, orderId, outcome: 'CONV_MALFORMED', ...attempt.problem };
    const { outcome = 'CONV_MALFORMED', message, hint } = judged ?? {};
    const text = { ...(message !== undefined && { message }), ...(hint !== undefined && { hint }) };
    return { record, orderId, outcome, ...text };
  });

/** Judges the orders of a chunk one after another: each sees what the ones before have done. */
const judgeAll = (
  attempts: readonly Attempt[],
  { taken, named, partners }: Before,
  eventType: EventType,
  receivedAt: number,
): Work => {
  const work: Work = { verdicts: [], created: [], unmatched: [] };
  const facts = {
    ...{ eventType, receivedAt },
    taken: ({ orderId, record }: ConversionOrder) =>
      record.isItem && named.has(orderId) ? ('file' as const) : taken.has(orderId) ? ('ledger' as const) : undefined,
    partnerOf: (customerId: string) => partners.get(customerId),
  };
  for (const attempt of attempts) {
    const order = 'order' in attempt ? attempt.order : undefined;
    const judged = order && judgeConversion(order, facts);
    work.verdicts.push(...verdictsOf(attempt, judged));
    for (const { orderId } of attempt.group) if (orderId !== null) named.add(orderId);
    if (order && judged?.outcome === 'ACTION_REF_NOT_FOUND') work.unmatched.push(order);
    if (judged?.outcome !== 'CREATED' || !order) continue;
    const { transaction } = judged;
    const customerId = customerIdOf(transaction);
    work.created.push({ transaction, number: order.record.number });
    taken.add(order.orderId);
    if (customerId !== null && chains(eventType)) partners.set(customerId, transaction.partner);
  }
  return work;
};

const writeDown = async (writer: Writer, submission: Submission, work: Work, now: number): Promise<void> => {
  const { id: submissionId, eventTypeId, receivedAt, channel, fileName, sender } = submission;
  const { created, unmatched } = work;
  const transactions = created.map(({ transaction }) => transaction);
  const ids = await insertTransactions(writer, transactions, { at: now, channel, source: fileName, sender });
  await keepUnmatched(writer, { eventTypeId, submissionId, receivedAt, at: now }, unmatched);
  const idOf = new Map(transactions.map(({ orderId }, i) => [orderId, ids[i] ?? 0]));
  await settleUnmatched(writer, eventTypeId, idOf);
};

/**
 * Applies a chunk of a conversion file in the caller's database transaction: creates transactions, keeps what names no
 * partner, and resolves to the outcome of each line. A dry run keeps what it would have created beside the ledger.
 */
export const applyConversions = async (
  writer: Writer,
  submission: Submission,
  groups: readonly RecordGroup[],
  { eventType, now }: { eventType: EventType; now: number },
): Promise<Verdict[]> => {
  const attempts = groups.map((group): Attempt => ({ group, ...orderOf(group) }));
  const orders = attempts.flatMap((attempt) => ('order' in attempt ? [attempt.order] : []));
  const before = await lookBefore(writer, submission, eventType, orders);
  const work = judgeAll(attempts, before, eventType, submission.receivedAt);
  if (submission.check) await keepCheckedConversions(writer, submission.id, work.created);
  else await writeDown(writer, submission, work, now);
  return work.verdicts;
};
