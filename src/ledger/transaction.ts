import { isoInstant } from '../clock.ts';
import { formatAmount, type Minor } from '../money.ts';
import { type Field, fields } from './field.ts';

/** `PENDING` can still change, `APPROVED` no more, `REVERSED` pays nothing. */
export type Status = 'PENDING' | 'APPROVED' | 'REVERSED';

/** What a journal entry records. */
export type Change = 'created' | 'modified' | 'reversed' | 'approved' | 'reset';

/** One line of an order. */
export interface Item {
  sku: string;
  category: string | null;
  quantity: number;
  amount: Minor;
}

/** A transaction as it comes in, before the ledger knows it. Instants in milliseconds, money in minor units of `currency`. */
export interface NewTransaction {
  /** The public id, unique in the ledger; null lets the ledger assign one. */
  transactionId: string | null;
  eventTypeId: number;
  partner: string;
  orderId: string;
  eventDate: number;
  lockingDate: number;
  amount: Minor;
  currency: string;
  payout: Minor;
  quantity: number | null;
  /** The values of `textFields`, in their order. */
  texts: (string | null)[];
  /** Custom attributes: a JSON object of texts with its keys in order, or null when there are none. */
  custom: string | null;
  items: Item[];
  /** The line of its source where it begins; the position in a sample. */
  line: number | null;
}

/** Where a change came from. */
export interface Origin {
  channel: string;
  /** The file's name, where there is one. */
  source: string | null;
  sender?: string | null;
}

/** What all of a block of new transactions share. */
export interface Creation extends Origin {
  /** When they are created, milliseconds. */
  at: number;
}

/** A transaction as it was when it was created: later changes of amount, payout and customer status are left out. */
export interface CreatedTransaction extends NewTransaction {
  transactionId: string;
  /** The sequence of its `created` entry. */
  id: number;
}

/** What to look for: those with one of these public ids, or of one of these orders. */
export interface Wanted {
  transactionIds: string[];
  orders: { eventTypeId: number; orderId: string }[];
}

const withOwnPlace = new Set(['transactionId', 'partner', 'orderId', 'currency']);

/** The optional text columns, in the order of `fields`. */
export const textFields: readonly Field[] = fields.filter(
  ({ name, kind, inFile }) => inFile && (kind === 'text' || kind === 'phone') && !withOwnPlace.has(name),
);

const customerStatusAt = textFields.findIndex(({ name }) => name === 'customerStatus');

/** The one text that may change later, so the journal keeps it too. */
export const customerStatusOf = ({ texts }: Pick<NewTransaction, 'texts'>): string | null =>
  texts[customerStatusAt] ?? null;

const customerIdAt = textFields.findIndex(({ name }) => name === 'customerId');

/** The advertiser's own id of the customer. */
export const customerIdOf = ({ texts }: Pick<NewTransaction, 'texts'>): string | null => texts[customerIdAt] ?? null;

/**
 * The id of a transaction that came without one: its event type and its number in the journal. The letter keeps
 * spreadsheets from reading it as a number or a date, and the form is refused for ids that come from outside, so it
 * can never be taken.
 */
export const assignedId = (eventTypeId: number, sequence: number): string => `T${eventTypeId}.${sequence}`;

/** Whether an id has the form of those that the ledger assigns. */
export const looksAssigned = (transactionId: string): boolean => /^T\d+\.\d+$/.test(transactionId);

/** A value of one that is not equal in the other. */
export interface Difference {
  /** The public name of the field. */
  field: string;
  /** The value in the first, as text. */
  value: string | null;
}

const asText = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

const compared = [
  'eventTypeId',
  'orderId',
  'partner',
  'eventDate',
  'currency',
  'amount',
  'payout',
  'quantity',
] as const;

/** As a file would say it. */
const shown = (one: NewTransaction, field: (typeof compared)[number]): string | null => {
  if (field === 'amount' || field === 'payout') return formatAmount(one[field], one.currency);
  return field === 'eventDate' ? isoInstant(one.eventDate) : asText(one[field]);
};

/** The first field in which two transactions differ, or undefined when all that a file says of them is the same. Ids and locking dates are not compared. */
export const differenceOf = (one: NewTransaction, other: NewTransaction): Difference | undefined => {
  for (const field of compared) if (one[field] !== other[field]) return { field, value: shown(one, field) };
  for (const [i, { name }] of textFields.entries()) {
    if (one.texts[i] !== other.texts[i]) return { field: name, value: asText(one.texts[i]) };
  }
  if (one.custom !== other.custom) return { field: 'custom', value: one.custom };
  return sameItems(one.items, other.items) ? undefined : { field: 'sku', value: asText(one.items[0]?.sku) };
};

const sameItems = (one: Item[], other: Item[]): boolean =>
  one.length === other.length &&
  one.every((item, i) => {
    const { sku, category, quantity, amount } = other[i] as Item;
    return item.sku === sku && item.category === category && item.quantity === quantity && item.amount === amount;
  });
