import { instantOf, localTime } from '../zoned-time.ts';
import type { EventType, LockingRule } from './event-type.ts';

/** After this many days every transaction of an `open` event type locks (domain.md 1.4, "open-ended locking: locks after 730 days"). */
export const openCapDays = 730;

/** The longest `days` of a `monthEnd` rule: the 28th is the last day that every month has (domain.md 1.4, "day-only ≤ 27"). */
export const longestDays = 27;

/**
 * The instant from which a transaction can no longer be modified; until the millisecond before it, it can.
 *
 * - `monthEnd`, N months and D days: the event's month, read in the zone, ends with the first instant of the 1st of the
 *   next month. From there N months and D days on, so it is always the start of day 1 + D (≤ 28), N + 1 months after the
 *   event's. domain.md 1.4: with 0 months and 27 days all actions of January lock on 28 February; [I] at 00:00 in the zone.
 * - `afterEvent`, D days: [I] the same reading of the zone's clock D days later (days are counted in the zone, so a
 *   change of daylight saving in between does not shift it).
 * - `open`: as `afterEvent` with 730 days.
 *
 * Where that reading does not exist (the gap of spring) it is the first instant after the gap; where it comes twice, the
 * earlier one. `eventDate` and the result are milliseconds; `zone` is IANA.
 */
export const lockingDate = (rule: LockingRule, eventDate: number, zone: string): number => {
  switch (rule.kind) {
    case 'monthEnd':
      return dayAfterMonth(eventDate, zone, rule.months, rule.days);
    case 'afterEvent':
      return daysLater(eventDate, zone, rule.days);
    case 'open':
      return daysLater(eventDate, zone, openCapDays);
    default:
      return rule satisfies never;
  }
};

const dayAfterMonth = (eventDate: number, zone: string, months: number, days: number): number => {
  const { year, month } = localTime(zone, eventDate);
  const count = year * 12 + month + months; // month counts from 1, so this is the month after, counted from 0
  return instantOf(zone, {
    year: Math.floor(count / 12),
    month: (count % 12) + 1,
    day: 1 + days,
    hour: 0,
    minute: 0,
    second: 0,
  });
};

const daysLater = (eventDate: number, zone: string, days: number): number => {
  const local = localTime(zone, eventDate);
  // A day beyond the month's end runs over into the next month, as Date.UTC does.
  const shown = new Date(Date.UTC(local.year, local.month - 1, local.day + days));
  const there = { ...local, year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate() };
  const at = instantOf(zone, there);
  const milliseconds = ((eventDate % 1000) + 1000) % 1000;
  return at + milliseconds;
};

/** `lockingDate` for many transactions: remembers what it worked out. */
export const lockingDates = (): ((eventType: EventType, eventDate: number) => number) => {
  const days = new Map<string, number>();
  return ({ id, locking, timezone }, eventDate) => {
    if (locking.kind !== 'monthEnd') return lockingDate(locking, eventDate, timezone);
    // Zones change their clocks on quarters of an hour, so all instants of one quarter have the same locking date.
    const key = `${id} ${Math.floor(eventDate / 900_000)}`;
    let found = days.get(key);
    if (found === undefined) {
      if (days.size > 50_000) days.clear();
      found = lockingDate(locking, eventDate, timezone);
      days.set(key, found);
    }
    return found;
  };
};
