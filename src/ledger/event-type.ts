/**
 * When a transaction can no longer be modified (domain.md 1.4): `monthEnd` N months and D days (≤ 27) after the end of
 * the event's month; `afterEvent` D days after the event; `open` only the cap of 730 days.
 */
export type LockingRule =
  { kind: 'monthEnd'; months: number; days: number } | { kind: 'afterEvent'; days: number } | { kind: 'open' };

/** What becomes of the payout when the amount changes. */
export type PayoutRule = { kind: 'proportional' } | { kind: 'keep' } | { kind: 'percent'; percent: string };

/** A custom disposition code of one event type; case-sensitive. */
export interface Disposition {
  code: string;
  name: string;
  action: 'modify' | 'approve' | 'reject' | 'none';
}

/** What conversion files may create. */
export interface ConversionRule {
  /** The CampaignIds that are taken; empty takes any. */
  campaigns: readonly string[];
  /** Event types whose actions a chained one may follow: it goes to the partner of the customer's newest action there. */
  chainedTo: readonly number[];
  /** How old an event may be, and how old when the line names its partner; milliseconds. */
  maxAge: number;
  maxAgeWithPartner: number;
  /** Base names of partners' files, by MediaPartnerId. */
  partners: ReadonlyMap<string, string>;
  /** Base names of those that are active. */
  activePartners: ReadonlySet<string>;
}

const day = 86_400_000;

/** What counts where an event type says nothing (domain.md 1.3): any campaign, 88 days, 398 with a MediaPartnerId. */
export const defaultConversions: ConversionRule = {
  ...{ campaigns: [], chainedTo: [], maxAge: 88 * day, maxAgeWithPartner: 398 * day },
  ...{ partners: new Map<string, string>(), activePartners: new Set<string>() },
};

/** A file waits for a person when at least `atLeast` of its lines, and more than `reversalsOver` percent, ask for a reversal. */
export interface HoldRule {
  reversalsOver: number;
  atLeast: number;
}

/** A kind of transaction of one advertiser (= ActionTrackerId). */
export interface EventType {
  id: number;
  name: string;
  code: string;
  currency: string;
  /** IANA zone in which the locking rule counts months and days. */
  timezone: string;
  locking: LockingRule;
  payout: PayoutRule;
  dispositions: Disposition[];
  /** Left out: `defaultConversions`, which knows no partner. */
  conversions?: ConversionRule;
  /** Left out: no file waits for its reversals. */
  hold?: HoldRule;
}
