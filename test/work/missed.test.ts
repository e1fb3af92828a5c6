import { describe, expect, test } from 'vitest';
import { fixedClock } from '../../src/clock.ts';
import { dueTimes } from '../../src/work/due.ts';
import { dueOnTime, graceMs, mostSkipped, reckon } from '../../src/work/missed.ts';

const at = (iso: string): number => Date.parse(iso);
const nightly = { cron: '0 2 * * *', timezone: 'UTC' };

describe('after three days of downtime', () => {
  const known = at('2026-05-01T02:00Z');
  const now = at('2026-05-04T09:30Z');
  const missed = ['2026-05-02T02:00Z', '2026-05-03T02:00Z', '2026-05-04T02:00Z'].map(at);
  test('once: one run, for the latest; the others are skipped', () => {
    expect(reckon(nightly, 'once', known, now)).toEqual({ run: missed[2], skipped: missed.slice(0, 2) });
  });
  test('skip: none', () => {
    expect(reckon(nightly, 'skip', known, now)).toEqual({ skipped: missed });
  });
});

test('a due time within the grace is on time, not missed', () => {
  const due = at('2026-05-02T02:00Z');
  expect(reckon(nightly, 'skip', due - 1, due)).toEqual({ run: due, skipped: [] });
  expect(reckon(nightly, 'skip', due - 1, due + graceMs)).toEqual({ run: due, skipped: [] });
  expect(reckon(nightly, 'skip', due - 1, due + graceMs + 1)).toEqual({ skipped: [due] });
});

describe('a due time that was seen on time', () => {
  const due = at('2026-05-02T02:00Z');
  test('is seen within the grace only', () => {
    expect([due - 1, due, due + graceMs, due + graceMs + 1].map((now) => dueOnTime(nightly, now))).toEqual([
      undefined,
      due,
      due,
      undefined,
    ]);
  });
  test('runs however long it had to wait, and only that one', () => {
    const later = due + 3 * 3_600_000;
    expect(reckon(nightly, 'skip', due - 1, later, due)).toEqual({ run: due, skipped: [] });
    expect(reckon(nightly, 'skip', due - 1, later, due - 86_400_000)).toEqual({ skipped: [due] });
    expect(reckon(nightly, 'skip', due, later, due)).toEqual({ skipped: [] });
  });
  test('gives way to a newer one; what was missed after it is skipped when it has run', () => {
    const hourly = { cron: '0 * * * *', timezone: 'UTC' };
    const hours = [0, 1, 2, 3].map((hour) => due + hour * 3_600_000);
    const late = due + 3.5 * 3_600_000;
    expect(reckon(hourly, 'skip', due - 1, late, hours[1])).toEqual({ run: hours[1], skipped: hours.slice(0, 1) });
    expect(reckon(hourly, 'skip', hours[1] ?? 0, late, hours[1])).toEqual({ skipped: hours.slice(2) });
    expect(reckon(hourly, 'once', due - 1, late, hours[1])).toEqual({ run: hours[3], skipped: hours.slice(0, 3) });
  });
});

test('nothing is due before its time, nor twice', () => {
  const due = at('2026-05-02T02:00Z');
  expect(reckon(nightly, 'once', at('2026-05-01T02:00Z'), due - 1)).toEqual({ skipped: [] });
  expect(reckon(nightly, 'once', due, due + 1000)).toEqual({ skipped: [] });
});

test('a year of every minute costs little and records only the newest', () => {
  const every = { cron: '* * * * *', timezone: 'Europe/Berlin' };
  const { run, skipped } = reckon(every, 'once', at('2025-05-02T00:00Z'), at('2026-05-02T00:00:30Z'));
  expect(run).toBe(at('2026-05-02T00:00Z'));
  expect(skipped).toHaveLength(mostSkipped);
  expect(skipped.at(-1)).toBe(at('2026-05-01T23:59Z'));
});

test('a schedule that is rarely due is found however long ago', () => {
  const leap = { cron: '0 2 29 2 *', timezone: 'UTC' };
  expect(reckon(leap, 'once', at('2023-01-01T00:00Z'), at('2027-01-01T00:00Z')).run).toBe(at('2024-02-29T02:00Z'));
});

/** Wakes every 20 seconds of the wall clock, as the service does, and notes what runs. */
const live = (zone: string, cron: string, steps: { until: string; then?: string }[], start: string): number[] => {
  const clock = fixedClock(start);
  const runs: number[] = [];
  let known = clock.now();
  for (const { until, then } of steps) {
    for (; clock.now() < at(until); clock.advance(20_000)) {
      const { run, skipped } = reckon({ cron, timezone: zone }, 'skip', known, clock.now());
      expect(skipped).toEqual([]);
      if (run === undefined) continue;
      runs.push(run);
      known = run;
    }
    if (then !== undefined) clock.set(then);
  }
  return runs;
};

describe('lived through under a fake clock', () => {
  test.each([
    ['Europe/Berlin', '30 2 * * *', '2026-03-27T00:00Z', '2026-03-31T00:00Z', 4],
    ['Europe/Berlin', '*/30 * * * *', '2026-10-24T22:00Z', '2026-10-25T23:00:30Z', 50],
    ['America/New_York', '0 1,2 * * *', '2026-10-31T04:00Z', '2026-11-03T05:00Z', 6],
    ['Australia/Lord_Howe', '45 1 * * *', '2026-04-03T00:00Z', '2026-04-07T00:00Z', 4],
    ['America/Santiago', '0 0 * * *', '2026-09-04T12:00Z', '2026-09-08T12:00Z', 4],
    ['UTC', '30 2 * * *', '2026-03-27T00:00Z', '2026-03-31T00:00Z', 4],
  ])('%s, %s: each due time once, none lost', (zone, cron, from, to, count) => {
    const runs = live(zone, cron, [{ until: to }], from);
    expect(runs).toEqual(dueTimes({ cron, timezone: zone }, at(from), at(to) - 20_000));
    expect(runs).toHaveLength(count);
  });

  test('a clock set back by an hour repeats nothing and loses nothing', () => {
    const steps = [{ until: '2026-05-02T02:20Z', then: '2026-05-02T01:20Z' }, { until: '2026-05-02T04:00:30Z' }];
    const runs = live('UTC', '*/15 * * * *', steps, '2026-05-02T01:50Z');
    expect(runs).toEqual(
      dueTimes({ cron: '*/15 * * * *', timezone: 'UTC' }, at('2026-05-02T01:50Z'), at('2026-05-02T04:00Z')),
    );
  });
});
