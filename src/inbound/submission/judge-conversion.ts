import { isoInstant } from '../../clock.ts';
import { type ConversionRule, defaultConversions, type EventType } from '../../ledger/event-type.ts';
import { lockingDate } from '../../ledger/locking.ts';
import { payoutOfNew } from '../../ledger/payout.ts';
import { customerIdOf, type NewTransaction } from '../../ledger/transaction.ts';
import type { ConversionOrder } from './conversion-order.ts';

/** What is known when an order is judged; the same for a line whenever its chunk is applied. */
export interface ConversionFacts {
  eventType: EventType;
  /** When the file was received, milliseconds. */
  receivedAt: number;
  /** What has the order already, and where a sentence of its own is needed. */
  taken(order: ConversionOrder): 'ledger' | 'file' | undefined;
  /** The partner of the newest action of a customer, in the event types that this one is chained to. */
  partnerOf(customerId: string): string | undefined;
}

/** What becomes of an order. A sentence of its own only where the table's does not say enough. */
export type ConversionJudgement = { message?: string; hint?: string } & (
  | { outcome: 'CREATED'; transaction: NewTransaction }
  | {
      outcome:
        | 'CONV_MALFORMED'
        | 'CAMPAIGN_NOT_FOUND'
        | 'ACTIONTRACKER_NOT_FOUND'
        | 'TOO_OLD'
        | 'PARTNER_NOT_ACTIVE'
        | 'DUPLICATE'
        | 'ACTION_REF_NOT_FOUND';
    }
);

const dayMs = 86_400_000;

const tooOld = (order: ConversionOrder, age: number, rule: ConversionRule): ConversionJudgement | undefined => {
  const named = order.mediaPartnerId !== null;
  const most = named ? rule.maxAgeWithPartner : rule.maxAge;
  if (age <= most) return undefined;
  const days = (ms: number): string => `${Math.floor(ms / dayMs)} days`;
  const message = `The event is ${days(age)} old, and ${days(most)} are allowed ${named ? 'with' : 'without'} a MediaPartnerId.`;
  return { outcome: 'TOO_OLD', message, ...(named && { hint: 'It cannot be created any more.' }) };
};

/** Whom the order is credited to; null when nobody is named, undefined for an id that is nobody's. */
const partnerOf = (order: ConversionOrder, rule: ConversionRule, facts: ConversionFacts): string | null | undefined => {
  if (order.mediaPartnerId !== null) return rule.partners.get(order.mediaPartnerId);
  const customerId = customerIdOf(order);
  return customerId === null ? null : (facts.partnerOf(customerId) ?? null);
};

const inactive = ({ mediaPartnerId }: ConversionOrder, partner: string | undefined): ConversionJudgement => {
  if (partner !== undefined) return { outcome: 'PARTNER_NOT_ACTIVE', message: `The partner ${partner} is not active.` };
  const id = (mediaPartnerId ?? '').slice(0, 60);
  return { outcome: 'PARTNER_NOT_ACTIVE', message: `MediaPartnerId: "${id}" is not the id of any partner.` };
};

/** Item rows of an order that was begun further up: an item that came too late, which nobody may overlook. */
const apart: ConversionJudgement = {
  outcome: 'CONV_MALFORMED',
  message: 'Rows of the order stand further up in the file, apart from this one.',
  hint: 'Put the item rows of one order together. What was created further up is changed by a modification.',
};

/**
 * The transaction that an order becomes. Where its locking date would have passed already, it counts from the day it was
 * received (domain.md F20: orders sent long after the fact), and the date that was written is kept beside it.
 */
const transactionOf = (
  order: ConversionOrder,
  partner: string,
  { eventType, receivedAt }: ConversionFacts,
): ConversionJudgement => {
  const { id, locking, timezone, payout } = eventType;
  const written = order.eventDate ?? receivedAt;
  const late = lockingDate(locking, written, timezone) <= receivedAt;
  const eventDate = late ? receivedAt : written;
  const custom = late ? { ...order.custom, EventDate: order.dated } : order.custom;
  const { orderId, amount, currency, quantity, texts, items, record } = order;
  const transaction: NewTransaction = {
    ...{ transactionId: null, eventTypeId: id, partner, orderId, eventDate },
    lockingDate: lockingDate(locking, eventDate, timezone),
    ...{ amount, currency, payout: payoutOfNew(payout, amount), quantity, texts, items, line: record.line },
    custom: Object.keys(custom).length === 0 ? null : JSON.stringify(custom),
  };
  if (!late) return { outcome: 'CREATED', transaction };
  const message = `The action was created. It would be locked already, so it counts from ${isoInstant(receivedAt)}.`;
  return { outcome: 'CREATED', transaction, message };
};

/** The rule of a conversion: pure. The order of the checks is public. */
export const judgeConversion = (order: ConversionOrder, facts: ConversionFacts): ConversionJudgement => {
  const { eventType, receivedAt } = facts;
  const rule = eventType.conversions ?? defaultConversions;
  const taken = facts.taken(order);
  if (taken === 'file') return apart;
  const age = receivedAt - (order.eventDate ?? receivedAt);
  // Clocks and zones may be wrong by hours, not by more.
  if (age < -dayMs) return { outcome: 'CONV_MALFORMED', message: `EventDate: "${order.dated}" is in the future` };
  if (rule.campaigns.length > 0 && !rule.campaigns.includes(order.campaignId)) return { outcome: 'CAMPAIGN_NOT_FOUND' };
  if (!order.isOurs) return { outcome: 'ACTIONTRACKER_NOT_FOUND' };
  const old = tooOld(order, age, rule);
  if (old) return old;
  const partner = partnerOf(order, rule, facts);
  if (partner === undefined || (partner !== null && !rule.activePartners.has(partner))) return inactive(order, partner);
  if (taken === 'ledger') return { outcome: 'DUPLICATE' };
  if (partner === null) return { outcome: 'ACTION_REF_NOT_FOUND' };
  return transactionOf(order, partner, facts);
};
