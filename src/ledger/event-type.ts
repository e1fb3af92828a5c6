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
}
