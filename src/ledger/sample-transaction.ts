import { exponentOf, type Minor } from '../money.ts';
import type { EventType } from './event-type.ts';
import { lockingDates } from './locking.ts';
import * as words from './sample-words.ts';
import { type Item, type NewTransaction, textFields } from './transaction.ts';

/** What sample transactions are made for. */
export interface SampleSpec {
  /** Letters, digits, `-` and `_`. */
  seed: string;
  partners: readonly string[];
  eventTypes: readonly EventType[];
  /** Event dates lie within the 30 days before this instant, milliseconds. */
  before: number;
}

const dayMs = 86_400_000;

/** A small seeded generator (mulberry32): the same seed gives the same numbers everywhere. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

/** FNV-1a, so that neighbouring seeds and positions have nothing in common. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
};

/** The makers of one transaction's chances. */
const chances = (random: () => number) => {
  const below = (n: number): number => Math.floor(random() * n);
  const digits = (n: number): string => {
    let text = '';
    while (text.length < n) text += String(100_000_000 + below(900_000_000));
    return text.slice(0, n);
  };
  return {
    below,
    digits,
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    /** The value in so many of 100 cases, else nothing. */
    often: <T>(percent: number, value: () => T): T | null => (random() * 100 < percent ? value() : null),
  };
};
type Chances = ReturnType<typeof chances>;

/** Makes the transaction at a position (from 1) of the sample: always the same for the same spec. */
export const sampler = (spec: SampleSpec): ((position: number) => NewTransaction) => {
  const lockingDateOf = lockingDates();
  return (position) => sampleTransaction(spec, position, lockingDateOf);
};

const sampleTransaction = (
  spec: SampleSpec,
  position: number,
  lockingDateOf: ReturnType<typeof lockingDates>,
): NewTransaction => {
  const chance = chances(randomFrom(hashOf(`${spec.seed}/${position}`)));
  const eventType = chance.pick(spec.eventTypes);
  const { currency } = eventType;
  const unit = 10 ** exponentOf(currency);
  const items = chance.often(15, () => itemsOf(chance, unit)) ?? [];
  const amount = items.length > 0 ? items.reduce((sum, item) => sum + item.amount, 0n) : money(chance, 500, unit);
  const eventDate = spec.before - chance.below(30 * dayMs);
  return {
    transactionId: null,
    eventTypeId: eventType.id,
    partner: chance.pick(spec.partners),
    orderId: `S${spec.seed}-${String(position).padStart(9, '0')}`,
    eventDate,
    lockingDate: lockingDateOf(eventType, eventDate),
    amount,
    currency,
    payout: (amount * BigInt(3 + chance.below(8))) / 100n,
    quantity: items.length > 0 ? items.reduce((sum, { quantity }) => sum + quantity, 0) : 1 + chance.below(4),
    texts: textsOf(chance, position),
    custom: customOf(chance),
    items,
    line: position,
  };
};

/** Up to `most` whole units, mostly small. */
const money = (chance: Chances, most: number, unit: number): Minor =>
  BigInt(1 + Math.floor((chance.below(1000) / 1000) ** 2 * most * unit) + chance.below(unit));

const itemsOf = (chance: Chances, unit: number): Item[] =>
  Array.from({ length: 1 + chance.below(4) }, () => ({
    sku: `SKU-${chance.digits(6)}`,
    category: chance.often(80, () => chance.pick(words.categories)),
    quantity: 1 + chance.below(3),
    amount: money(chance, 120, unit),
  }));

const customOf = (chance: Chances): string | null => {
  const note = chance.often(8, () => chance.pick(words.notes));
  const store = chance.often(30, () => chance.pick(words.stores));
  if (note === null && store === null) return null;
  return JSON.stringify({ ...(note !== null && { note }), ...(store !== null && { store }) });
};

const textsOf = (chance: Chances, position: number): (string | null)[] => {
  const made = personOf(chance, position);
  return textFields.map(({ name }) => made[name] || null);
};

const personOf = ({ pick, often, digits, below }: Chances, position: number): Record<string, string | null> => {
  const [country, state, city, postcode, dialling, language] = pick(words.places);
  const age = 18 + below(60);
  return {
    customerStatus: pick(['NEW', 'EXISTING']),
    campaign: pick(words.campaigns),
    offer: often(60, () => pick(words.offers)),
    creative: often(70, () => pick(words.creatives)),
    audience: digits(19),
    promoCode: often(25, () => pick(words.promoCodes)),
    clickId: digits(24),
    trackingId: `trk_${digits(12)}`,
    email: often(85, () => `customer${position}@example.${pick(['com', 'net', 'org'])}`),
    firstName: pick(words.firstNames),
    lastName: pick(words.lastNames),
    mobile: often(70, () => dialling + digits(5)),
    country,
    state,
    city,
    postcode,
    address1: `${pick(words.streets)} ${1 + below(200)}`,
    address2: often(15, () => pick(words.secondAddresses)),
    gender: often(75, () => pick(words.genders)),
    age: often(60, () => String(age)),
    birthDate: often(30, () => `${2026 - age}-0${1 + below(9)}-1${below(10)}`),
    language,
    paymentType: pick(words.paymentTypes),
    confirmationRef: `00${digits(8)}`,
    conversionType: pick(words.conversionTypes),
    customerId: position % 3 === 0 ? null : `C-${String(position % 997).padStart(5, '0')}`,
  };
};
