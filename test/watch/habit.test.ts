import { expect, test } from 'vitest';
import { type Arrival, missedSince, missingFiles } from '../../src/watch/habit.ts';

const zone = 'America/New_York';
/** Mondays; the clocks went back on 1 November. */
const mondays = ['2026-10-19', '2026-10-26', '2026-11-02', '2026-11-09', '2026-11-16'];
const offset = (day: string): string => (day < '2026-11-01' ? '-04:00' : '-05:00');
const at = (day: string, time: string): number => Date.parse(`${day}T${time}:00${offset(day)}`);
const arrival = (receivedAt: number, good = true): Arrival => ({ eventTypeId: 4521, receivedAt, good });
const history = mondays.map((day, i) => arrival(at(day, `09:${i}0`)));
const today = '2026-11-23';

test('a file is missed an hour after its latest usual time, in the zone of the event type', () => {
  expect(missedSince(history, zone, at(today, '10:39'))).toBeUndefined();
  expect(missedSince(history, zone, at(today, '10:41'))).toBe(at(today, '10:40'));
});

test('it is missed until one comes, whatever it holds, and for a week at most', () => {
  expect(missedSince(history, zone, at('2026-11-29', '23:00'))).toBe(at(today, '10:40'));
  expect(missedSince(history, zone, at('2026-11-30', '00:01'))).toBeUndefined();
  expect(
    missedSince([...history, arrival(at('2026-11-25', '12:00'))], zone, at('2026-11-25', '13:00')),
  ).toBeUndefined();
  expect(missedSince([...history, arrival(at(today, '08:00'), false)], zone, at(today, '12:00'))).toBeUndefined();
});

test('four of five weeks are a habit, three are none; files that could not be read make none', () => {
  const now = at(today, '23:00');
  expect(missedSince(history.slice(1), zone, now)).toBeDefined();
  expect(missedSince(history.toSpliced(2, 1), zone, now)).toBeDefined();
  expect(missedSince(history.slice(2), zone, now)).toBeUndefined();
  expect(missedSince([...history.slice(2), arrival(history[0]!.receivedAt, false)], zone, now)).toBeUndefined();
});

test('the first file of a day is the usual one; a second one late in the evening does not put the hour off', () => {
  const evenings = mondays.map((day) => arrival(at(day, '22:00')));
  expect(missedSince([...history, ...evenings], zone, at(today, '10:41'))).toBe(at(today, '10:40'));
});

test('who sends late in the evening is missed after midnight', () => {
  const late = mondays.map((day) => arrival(at(day, '23:30')));
  expect(missedSince(late, zone, at(today, '23:59'))).toBeUndefined();
  expect(missedSince(late, zone, at('2026-11-24', '00:31'))).toBe(at('2026-11-24', '00:30'));
});

test('one cause for each event type that is configured, which names the weekday', () => {
  const eventTypes = new Map([[4521, { name: 'Online sale', timezone: zone }]]);
  const others = history.map((one) => ({ ...one, eventTypeId: 9 }));
  const causes = missingFiles([...history, ...others], eventTypes, at(today, '12:00'));
  expect(causes).toMatchObject([
    { key: 'missing:4521', kind: 'missing', subject: 'event type 4521: no file this Monday' },
  ]);
  expect(causes[0]?.text).toContain('usually there before 2026-11-23 14:40:00 UTC');
});
