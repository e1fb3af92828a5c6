import type { Minor } from '../money.ts';
import { actionOf } from './disposition.ts';
import type { EventType } from './event-type.ts';
import { payoutFor } from './payout.ts';
import type { Change, Item, Status } from './transaction.ts';

/** What a modification may change. Money in minor units. */
export interface Terms {
  amount: Minor;
  payout: Minor;
  status: Status;
  customerStatus: string | null;
  items: readonly Item[];
}

/** A transaction as a modification finds it. */
export interface Standing extends Terms {
  /** The instant from which nothing changes any more, milliseconds. */
  lockingDate: number;
  /** As it was created. */
  original: Omit<Terms, 'status'>;
  /** How often it was modified, over all channels. */
  modifications: number;
}

/** What a record asks for. What is left out stays as it is. */
export interface Modification {
  reason: string;
  /** The final total, not a difference; 0 reverses. */
  amount?: Minor;
  customerStatus?: string;
  /** Final quantity and amount of single items; the total follows. */
  items?: readonly { sku: string; quantity: number; amount: Minor }[];
}

/** Why nothing was changed. */
export type Refusal =
  | 'BAD_DISPOSITION'
  | 'UNKNOWN_SKU'
  | 'OUT_OF_RANGE'
  | 'ALREADY_REVERSED'
  | 'ALREADY_LOCKED'
  | 'ALREADY_APPROVED'
  | 'MODIFICATION_LIMIT'
  | 'NO_CHANGE';

export type Judgement =
  | { outcome: Refusal }
  | {
      outcome: 'MODIFIED' | 'REVERSED' | 'APPROVED' | 'RESET';
      change: Exclude<Change, 'created'>;
      after: Terms;
    };

/** A transaction may be modified so often, over all channels (domain.md 1.1). */
export const mostModifications = 1000;

const sameItems = (one: readonly Item[], other: readonly Item[]): boolean =>
  one.length === other.length &&
  one.every((item, i) => item.quantity === other[i]?.quantity && item.amount === other[i]?.amount);

/** What the ledger can hold: 18 digits, as `parseAmount` takes them. */
const fits = (amount: Minor): boolean => String(amount).replace('-', '').length <= 18;

const same = (one: Terms, other: Terms): boolean =>
  one.amount === other.amount &&
  one.payout === other.payout &&
  one.status === other.status &&
  one.customerStatus === other.customerStatus &&
  sameItems(one.items, other.items);

/** The items after the modification; undefined when it names one that the order does not have. A quantity or amount of 0 makes both 0. */
const changedItems = (items: readonly Item[], wanted: Modification['items']): Item[] | undefined => {
  const after = items.map((item) => ({ ...item }));
  for (const { sku, quantity, amount } of wanted ?? []) {
    const item = after.find((one) => one.sku === sku);
    if (!item) return undefined;
    const dropped = quantity === 0 || amount === 0n;
    Object.assign(item, { quantity: dropped ? 0 : quantity, amount: dropped ? 0n : amount });
  }
  return after;
};

const sumOf = (items: readonly Item[]): Minor => items.reduce((sum, { amount }) => sum + amount, 0n);

/**
 * The total moves by what its items move by: an order's amount may hold more than its items (shipping), and naming an item
 * with the values it has changes nothing. Where no item is left, nothing is.
 */
const totalAfter = (standing: Standing, items: readonly Item[]): Minor =>
  items.every(({ amount }) => amount === 0n) ? 0n : standing.amount + sumOf(items) - sumOf(standing.items);

const gone = (items: readonly Item[]): Item[] => items.map((item) => ({ ...item, quantity: 0, amount: 0n }));

const reversed = (standing: Standing, customerStatus: string | null): Judgement => ({
  outcome: 'REVERSED',
  change: 'reversed',
  after: { amount: 0n, payout: 0n, status: 'REVERSED', customerStatus, items: gone(standing.items) },
});

const modified = (
  standing: Standing,
  modification: Modification,
  items: Item[],
  { payout: rule }: Pick<EventType, 'payout'>,
  approve: boolean,
): Judgement => {
  const { original } = standing;
  const customerStatus = modification.customerStatus ?? standing.customerStatus;
  const total = modification.items ? totalAfter(standing, items) : modification.amount;
  const amount = total ?? standing.amount;
  // 0 reverses, unless it was 0 from the beginning: then it is an amount like any other.
  if (amount === 0n && total !== undefined && original.amount !== 0n) return reversed(standing, customerStatus);
  const payout = amount === standing.amount ? standing.payout : payoutFor(rule, original, amount);
  const turned = standing.amount >= 0n && amount < 0n;
  if (turned || !fits(amount) || !fits(payout)) return { outcome: 'OUT_OF_RANGE' };
  const after: Terms = { amount, payout, status: approve ? 'APPROVED' : standing.status, customerStatus, items };
  if (same(standing, after)) return { outcome: 'NO_CHANGE' };
  return approve
    ? { outcome: 'APPROVED', change: 'approved', after }
    : { outcome: 'MODIFIED', change: 'modified', after };
};

const reset = (standing: Standing): Judgement => {
  const after: Terms = { ...standing.original, status: 'PENDING' };
  return same(standing, after) ? { outcome: 'NO_CHANGE' } : { outcome: 'RESET', change: 'reset', after };
};

/** Where locking is open-ended, a change of the whole order always settles it: approved, or reversed by 0 (domain.md F11). */
const approvesAll = ({ items }: Modification, { locking }: Pick<EventType, 'locking'>): boolean =>
  locking.kind === 'open' && items === undefined;

/**
 * The rule of a modification (domain.md 1.1 and 1.6), a pure function of transaction, change and now. The order of the
 * checks is public: reason, items, reversed, locked, approved, limit, range, no change. RESET passes over reversed and approved;
 * locked stays locked from the very millisecond of the locking date on.
 */
export const judge = (
  standing: Standing,
  modification: Modification,
  eventType: Pick<EventType, 'payout' | 'dispositions' | 'locking'>,
  now: number,
): Judgement => {
  const action = actionOf(modification.reason, eventType.dispositions);
  if (action === undefined) return { outcome: 'BAD_DISPOSITION' };
  const items = changedItems(standing.items, modification.items);
  if (!items) return { outcome: 'UNKNOWN_SKU' };
  if (action !== 'reset' && standing.status === 'REVERSED') return { outcome: 'ALREADY_REVERSED' };
  if (now >= standing.lockingDate) return { outcome: 'ALREADY_LOCKED' };
  if (action !== 'reset' && standing.status === 'APPROVED') return { outcome: 'ALREADY_APPROVED' };
  if (standing.modifications >= mostModifications) return { outcome: 'MODIFICATION_LIMIT' };
  switch (action) {
    case 'reset':
      return reset(standing);
    case 'reject':
      return reversed(standing, modification.customerStatus ?? standing.customerStatus);
    case 'approve':
      return modified(standing, modification, items, eventType, true);
    case 'modify':
      return modified(standing, modification, items, eventType, approvesAll(modification, eventType));
    case 'none':
      return { outcome: 'NO_CHANGE' };
    default:
      return action satisfies never;
  }
};
