import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isoInstant } from '../../src/clock.ts';
import type { LockingRule } from '../../src/ledger/event-type.ts';
import { lockingDate, lockingDates } from '../../src/ledger/locking.ts';
import { localTime } from '../../src/zoned-time.ts';

const locks = (rule: LockingRule, at: string, zone: string): string =>
  isoInstant(lockingDate(rule, Date.parse(at), zone));
const monthEnd = (months: number, days: number): LockingRule => ({ kind: 'monthEnd', months, days });
const afterEvent = (days: number): LockingRule => ({ kind: 'afterEvent', days });

describe('months and days after the month end', () => {
  test.each([
    // domain.md 1.4: 0 months and 27 days: all of January locks on 28 February
    [monthEnd(0, 27), '2026-01-01T00:00:00Z', 'UTC', '2026-02-28T00:00:00.000Z'],
    [monthEnd(0, 27), '2026-01-31T23:59:59.999Z', 'UTC', '2026-02-28T00:00:00.000Z'],
    [monthEnd(0, 27), '2026-02-01T00:00:00Z', 'UTC', '2026-03-28T00:00:00.000Z'],
    [monthEnd(0, 0), '2026-01-31T23:59:59.999Z', 'UTC', '2026-02-01T00:00:00.000Z'],
    [monthEnd(1, 0), '2026-01-15T12:00:00Z', 'UTC', '2026-03-01T00:00:00.000Z'],
    [monthEnd(1, 15), '2026-11-30T12:00:00Z', 'UTC', '2027-01-16T00:00:00.000Z'],
    [monthEnd(0, 0), '2026-12-31T12:00:00Z', 'UTC', '2027-01-01T00:00:00.000Z'],
    [monthEnd(24, 27), '2026-12-01T12:00:00Z', 'UTC', '2029-01-28T00:00:00.000Z'],
    // the month is the zone's: this is still January in New York, and already February in Sydney
    [monthEnd(0, 27), '2026-02-01T04:59:59Z', 'America/New_York', '2026-02-28T05:00:00.000Z'],
    [monthEnd(0, 27), '2026-02-01T05:00:00Z', 'America/New_York', '2026-03-28T04:00:00.000Z'],
    [monthEnd(0, 27), '2026-01-31T13:00:00Z', 'Australia/Sydney', '2026-03-27T13:00:00.000Z'],
    // daylight saving begins or ends in between
    [monthEnd(1, 0), '2026-02-10T12:00:00Z', 'Europe/Berlin', '2026-03-31T22:00:00.000Z'],
    [monthEnd(1, 0), '2026-09-10T12:00:00Z', 'Europe/Berlin', '2026-10-31T23:00:00.000Z'],
    [monthEnd(0, 4), '2026-09-10T12:00:00Z', 'Australia/Lord_Howe', '2026-10-04T13:00:00.000Z'],
    // the day begins at 01:00, as its midnight is skipped
    [monthEnd(0, 5), '2026-08-10T12:00:00Z', 'America/Santiago', '2026-09-06T04:00:00.000Z'],
  ])('%j of %s in %s is %s', (rule, at, zone, expected) => expect(locks(rule, at, zone)).toBe(expected));
});

describe('days after the event', () => {
  test.each([
    [afterEvent(14), '2026-01-15T09:30:00.123Z', 'UTC', '2026-01-29T09:30:00.123Z'],
    [afterEvent(0), '2026-01-15T09:30:00Z', 'UTC', '2026-01-15T09:30:00.000Z'],
    [afterEvent(60), '2026-01-31T00:00:00Z', 'UTC', '2026-04-01T00:00:00.000Z'],
    // the same reading of the clock, whether an hour was skipped or repeated in between
    [afterEvent(7), '2026-03-25T11:00:00Z', 'Europe/Berlin', '2026-04-01T10:00:00.000Z'],
    [afterEvent(7), '2026-10-20T10:00:00Z', 'Europe/Berlin', '2026-10-27T11:00:00.000Z'],
    // 02:30 does not exist on 29 March in Berlin; on 25 October it comes twice
    [afterEvent(1), '2026-03-28T01:30:00Z', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    [afterEvent(1), '2026-10-24T00:30:00Z', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    [{ kind: 'open' } as const, '2026-01-01T00:00:00Z', 'UTC', '2028-01-01T00:00:00.000Z'],
    [{ kind: 'open' } as const, '2026-03-01T00:00:00Z', 'America/New_York', '2028-02-29T00:00:00.000Z'],
  ])('%j of %s in %s is %s', (rule, at, zone, expected) => expect(locks(rule, at, zone)).toBe(expected));
});

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Kathmandu',
  'Pacific/Apia',
];
const instant = fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2040, 0) });

test('whatever the zone: locked after the month, on day 1 + D, N + 1 months on, and all of a month at once', () => {
  fc.assert(
    fc.property(
      instant,
      fc.constantFrom(...zones),
      fc.nat(30),
      fc.nat(27),
      instant,
      (at, zone, months, days, other) => {
        const rule = monthEnd(months, days);
        const locked = lockingDate(rule, at, zone);
        const [event, lock] = [localTime(zone, at), localTime(zone, locked)];
        expect(locked).toBeGreaterThan(at);
        expect(lock.day).toBe(1 + days);
        expect(lock.year * 12 + lock.month).toBe(event.year * 12 + event.month + months + 1);
        expect(localTime(zone, locked - 1).day).not.toBe(lock.day);
        const second = localTime(zone, other);
        if (second.year === event.year && second.month === event.month)
          expect(lockingDate(rule, other, zone)).toBe(locked);
        expect(Math.sign(lockingDate(rule, other, zone) - locked)).toBe(
          Math.sign(second.year * 12 + second.month - event.year * 12 - event.month),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test('days are counted in the zone, to within the change of an hour, and the remembering form agrees', () => {
  const remembered = lockingDates();
  const rule = fc.oneof(
    fc.nat(400).map(afterEvent),
    fc.tuple(fc.nat(12), fc.nat(27)).map(([months, days]) => monthEnd(months, days)),
    fc.constant<LockingRule>({ kind: 'open' }),
  );
  let id = 0;
  fc.assert(
    fc.property(instant, fc.constantFrom(...zones), rule, (at, timezone, locking) => {
      const locked = lockingDate(locking, at, timezone);
      if (locking.kind === 'afterEvent')
        expect(Math.abs(locked - at - locking.days * 86_400_000)).toBeLessThanOrEqual(3_600_000);
      const type = {
        id: id++,
        name: '',
        code: '',
        currency: 'USD',
        timezone,
        locking,
        payout: { kind: 'keep' as const },
        dispositions: [],
      };
      expect(remembered(type, at)).toBe(locked);
      expect(remembered(type, at + 1)).toBe(lockingDate(locking, at + 1, timezone));
    }),
    { numRuns: 1000 },
  );
});
