import type { Row, Writer } from '../store/store.ts';
import { differenceOf, looksAssigned, type NewTransaction, type Origin } from './transaction.ts';
import { findCreated, insertTransactions } from './transactions.ts';

/** What became of a transaction that was to be added. */
export type Verdict =
  | { kind: 'added' }
  /** It is in the ledger already, with the same values. */
  | { kind: 'unchanged' }
  | { kind: 'refused'; field: string; value: string | null; reason: string };

/**
 * Of some orders of an event type, those that the ledger has. Nobody else adds any until the database transaction ends, so
 * that the others can be inserted (`insertTransactions`).
 */
export const ordersTaken = async (
  { knex, raw }: Writer,
  eventTypeId: number,
  orderIds: readonly string[],
): Promise<Set<string>> => {
  if (raw.kind === 'postgres') await raw.client.query(addersLock);
  const taken = new Set<string>();
  for (let from = 0; from < orderIds.length; from += ordersAtATime) {
    const slice = orderIds.slice(from, from + ordersAtATime);
    const found = knex('transactions').where({ event_type: eventTypeId }).whereIn('order_id', slice).select('order_id');
    for (const row of (await found) as Row[]) taken.add(String(row['order_id']));
  }
  return taken;
};

/** Parameters of one statement; both databases allow many more. */
const ordersAtATime = 1000;

/** One adder at a time on PostgreSQL, so that two of them cannot find the same order free. SQLite has one writer anyway. */
const addersLock = 'select pg_advisory_xact_lock(20260, 3)';

/**
 * Adds a block of transactions in the caller's database transaction, each at most once: with a `transactionId`, that id
 * is unique; without one, its order is unique within its event type. What is there already, in the ledger or earlier in
 * the block, is left as it is: `unchanged` when the same was said of it when it was created, else `refused`. One verdict
 * for each candidate, in order.
 */
export const addTransactions = async (
  writer: Writer,
  candidates: readonly NewTransaction[],
  origin: Origin,
): Promise<Verdict[]> => {
  if (writer.raw.kind === 'postgres') await writer.raw.client.query(addersLock);
  const known = await findKnown(writer, candidates);
  const fresh: NewTransaction[] = [];
  const verdicts = candidates.map((candidate): Verdict => {
    const verdict = judge(candidate, known);
    if (verdict.kind === 'added') {
      fresh.push(candidate);
      known.remember(candidate);
    }
    return verdict;
  });
  await insertTransactions(writer, fresh, { ...origin, at: await writer.now() });
  return verdicts;
};

interface Known {
  byId: Map<string, NewTransaction>;
  byOrder: Map<string, NewTransaction[]>;
  remember(transaction: NewTransaction): void;
}

const orderKey = ({ eventTypeId, orderId }: NewTransaction): string => `${eventTypeId} ${orderId}`;

const findKnown = async (writer: Writer, candidates: readonly NewTransaction[]): Promise<Known> => {
  const transactionIds = new Set<string>();
  const orders = new Map<string, NewTransaction>();
  for (const candidate of candidates) {
    if (candidate.transactionId === null) orders.set(orderKey(candidate), candidate);
    else transactionIds.add(candidate.transactionId);
  }
  const known = emptyKnown();
  const found = await findCreated(writer, { transactionIds: [...transactionIds], orders: [...orders.values()] });
  // One that is found both ways is remembered once.
  for (const one of new Map(found.map((each) => [each.id, each])).values()) known.remember(one);
  return known;
};

const emptyKnown = (): Known => {
  const byId = new Map<string, NewTransaction>();
  const byOrder = new Map<string, NewTransaction[]>();
  const remember = (transaction: NewTransaction): void => {
    if (transaction.transactionId !== null) byId.set(transaction.transactionId, transaction);
    const list = byOrder.get(orderKey(transaction));
    if (list) list.push(transaction);
    else byOrder.set(orderKey(transaction), [transaction]);
  };
  return { byId, byOrder, remember };
};

const judge = (candidate: NewTransaction, known: Known): Verdict => {
  const { transactionId } = candidate;
  if (transactionId !== null) {
    const same = known.byId.get(transactionId);
    if (same) return compare(candidate, same, 'a transaction with this transactionId');
    if (!looksAssigned(transactionId)) return { kind: 'added' };
    const reason = 'ids of this form are assigned by the ledger, and it has none with this number';
    return { kind: 'refused', field: 'transactionId', value: transactionId, reason };
  }
  const sameOrder = known.byOrder.get(orderKey(candidate)) ?? [];
  const [first] = sameOrder;
  if (!first) return { kind: 'added' };
  if (sameOrder.some((one) => !differenceOf(candidate, one))) return { kind: 'unchanged' };
  return compare(candidate, first, 'this order of the event type');
};

const compare = (candidate: NewTransaction, same: NewTransaction, what: string): Verdict => {
  const difference = differenceOf(candidate, same);
  if (!difference) return { kind: 'unchanged' };
  return { kind: 'refused', ...difference, reason: `${what} is in the ledger with another ${difference.field}` };
};
