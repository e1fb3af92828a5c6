import { describe, expect, test } from 'vitest';
import { cronProblem, dueTimes, nextDue, previewRuns } from '../../src/work/due.ts';

const at = (iso: string): number => Date.parse(iso);
const between = (cron: string, timezone: string, from: string, to: string): string[] =>
  dueTimes({ cron, timezone }, at(from), at(to)).map((ms) => new Date(ms).toISOString().slice(5, 16));

describe('a fixed time', () => {
  const runs: [zone: string, what: string, cron: string, from: string, to: string, expected: string[]][] = [
    [
      'Europe/Berlin',
      'gap',
      '30 2 * * *',
      '2026-03-28T00:00Z',
      '2026-03-31T00:00Z',
      ['03-28T01:30', '03-29T01:00', '03-30T00:30'],
    ],
    [
      'Europe/Berlin',
      'overlap',
      '30 2 * * *',
      '2026-10-24T00:00Z',
      '2026-10-27T00:00Z',
      ['10-24T00:30', '10-25T00:30', '10-26T01:30'],
    ],
    [
      'Europe/Berlin',
      'end of the gap',
      '0 3 * * *',
      '2026-03-28T12:00Z',
      '2026-03-30T12:00Z',
      ['03-29T01:00', '03-30T01:00'],
    ],
    [
      'Europe/Berlin',
      'gap and its end in one list',
      '0 2,3 * * *',
      '2026-03-28T12:00Z',
      '2026-03-30T12:00Z',
      ['03-29T01:00', '03-30T00:00', '03-30T01:00'],
    ],
    [
      'Europe/Berlin',
      'range over the gap',
      '0,30 1-3 * * *',
      '2026-03-28T23:00Z',
      '2026-03-29T12:00Z',
      ['03-29T00:00', '03-29T00:30', '03-29T01:00', '03-29T01:30'],
    ],
    [
      'Europe/Berlin',
      'list in the overlap',
      '0,30 2 * * *',
      '2026-10-24T12:00Z',
      '2026-10-25T12:00Z',
      ['10-25T00:00', '10-25T00:30'],
    ],
    ['America/New_York', 'gap', '30 2 * * *', '2026-03-07T12:00Z', '2026-03-09T12:00Z', ['03-08T07:00', '03-09T06:30']],
    [
      'America/New_York',
      'overlap',
      '30 1 * * *',
      '2026-10-31T12:00Z',
      '2026-11-02T12:00Z',
      ['11-01T05:30', '11-02T06:30'],
    ],
    [
      'Australia/Lord_Howe',
      'gap of 30 minutes',
      '15 2 * * *',
      '2026-10-02T20:00Z',
      '2026-10-04T20:00Z',
      ['10-03T15:30', '10-04T15:15'],
    ],
    [
      'Australia/Lord_Howe',
      'overlap of 30 minutes',
      '45 1 * * *',
      '2026-04-03T20:00Z',
      '2026-04-05T20:00Z',
      ['04-04T14:45', '04-05T15:15'],
    ],
    [
      'America/Santiago',
      'gap at midnight',
      '0 0 * * *',
      '2026-09-05T00:00Z',
      '2026-09-08T00:00Z',
      ['09-05T04:00', '09-06T04:00', '09-07T03:00'],
    ],
    [
      'America/Santiago',
      'overlap before midnight',
      '30 23 * * *',
      '2026-04-04T00:00Z',
      '2026-04-06T12:00Z',
      ['04-04T02:30', '04-05T02:30', '04-06T03:30'],
    ],
    [
      'Africa/Cairo',
      'gap at midnight',
      '30 0 * * *',
      '2026-04-22T12:00Z',
      '2026-04-25T12:00Z',
      ['04-22T22:30', '04-23T22:00', '04-24T21:30'],
    ],
    [
      'Africa/Cairo',
      'overlap before midnight',
      '15 23 * * *',
      '2026-10-28T12:00Z',
      '2026-10-31T12:00Z',
      ['10-28T20:15', '10-29T20:15', '10-30T21:15'],
    ],
    ['Europe/London', 'gap', '30 1 * * *', '2026-03-28T12:00Z', '2026-03-30T12:00Z', ['03-29T01:00', '03-30T00:30']],
    [
      'Europe/London',
      'overlap',
      '30 1 * * *',
      '2026-10-24T12:00Z',
      '2026-10-26T12:00Z',
      ['10-25T00:30', '10-26T01:30'],
    ],
    [
      'UTC',
      'no change',
      '30 2 * * *',
      '2026-03-28T00:00Z',
      '2026-03-30T12:00Z',
      ['03-28T02:30', '03-29T02:30', '03-30T02:30'],
    ],
  ];
  test.each(runs)('%s, %s: %s', (zone, _, cron, from, to, expected) => {
    expect(between(cron, zone, from, to)).toEqual(expected);
  });
});

describe('an interval', () => {
  const minutesApart = (cron: string, zone: string, from: string, to: string): Set<number> => {
    const runs = dueTimes({ cron, timezone: zone }, at(from), at(to));
    return new Set(runs.slice(1).map((run, index) => (run - (runs[index] ?? 0)) / 60_000));
  };
  test.each([
    ['Europe/Berlin', '*/30 * * * *', 30],
    ['Europe/Berlin', '15 * * * *', 60],
    ['America/New_York', '*/30 * * * *', 30],
    ['America/New_York', '0 * * * *', 60],
    ['Australia/Lord_Howe', '*/15 * * * *', 15],
    ['Australia/Lord_Howe', '*/30 * * * *', 30],
    ['America/Santiago', '*/20 * * * *', 20],
    ['Africa/Cairo', '* * * * *', 1],
    ['Europe/London', '*/5 * * * *', 5],
    ['UTC', '*/10 * * * *', 10],
  ])('%s, %s goes on by real time all year', (zone, cron, apart) => {
    const weeks: [string, string][] = [
      ['2026-03-01T00:00Z', '2026-03-31T00:00Z'],
      ['2026-04-02T00:00Z', '2026-04-28T00:00Z'],
      ['2026-09-01T00:00Z', '2026-09-10T00:00Z'],
      ['2026-10-01T00:00Z', '2026-11-04T00:00Z'],
    ];
    for (const [from, to] of weeks) expect(minutesApart(cron, zone, from, to)).toEqual(new Set([apart]));
  });

  test('within named hours it goes on in the repeated hour, and a missing hour is made up for once', () => {
    expect(between('*/30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual([
      '10-25T00:00',
      '10-25T00:30',
      '10-25T01:00',
      '10-25T01:30',
    ]);
    expect(between('*/30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual(['03-29T01:00']);
    expect(between('0 */2 * * *', 'Europe/Berlin', '2026-03-28T22:30Z', '2026-03-29T03:00Z')).toEqual([
      '03-28T23:00',
      '03-29T01:00',
      '03-29T02:00',
    ]);
    expect(between('0 */2 * * *', 'Europe/Berlin', '2026-10-24T21:30Z', '2026-10-25T04:00Z')).toEqual([
      '10-24T22:00',
      '10-25T00:00',
      '10-25T01:00',
      '10-25T03:00',
    ]);
    expect(between('15-45/15 */1 * * *', 'Europe/Berlin', '2026-03-29T00:20Z', '2026-03-29T01:20Z')).toEqual([
      '03-29T00:30',
      '03-29T00:45',
      '03-29T01:15',
    ]);
  });
});

describe('the window', () => {
  const daily = { cron: '0 2 * * *', timezone: 'UTC' };
  test('excludes its start, includes its end, takes the first of a limit', () => {
    expect(dueTimes(daily, at('2026-01-01T02:00Z'), at('2026-01-03T02:00Z'))).toEqual(
      ['2026-01-02T02:00Z', '2026-01-03T02:00Z'].map(at),
    );
    expect(dueTimes(daily, at('2026-01-01T01:59:59.999Z'), at('2026-02-03T02:00Z'), 1)).toEqual([
      at('2026-01-01T02:00Z'),
    ]);
    expect(dueTimes(daily, at('2026-01-02T00:00Z'), at('2026-01-01T00:00Z'))).toEqual([]);
    expect(dueTimes(daily, 0, at('2026-01-01T00:00Z'), 0)).toEqual([]);
  });
  test('nextDue follows from any instant of the gap and the overlap', () => {
    const fixed = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    expect(nextDue(fixed, at('2026-03-29T00:59:59.999Z'))).toBe(at('2026-03-29T01:00Z'));
    expect(nextDue(fixed, at('2026-03-29T01:00Z'))).toBe(at('2026-03-30T00:30Z'));
    expect(nextDue(fixed, at('2026-10-25T00:30Z'))).toBe(at('2026-10-26T01:30Z'));
    const half = { cron: '*/30 * * * *', timezone: 'Europe/Berlin' };
    expect(nextDue(half, at('2026-10-25T00:45Z'))).toBe(at('2026-10-25T01:00Z'));
    expect(nextDue({ cron: '0 0 29 2 *', timezone: 'UTC' }, at('2096-03-01T00:00Z'))).toBe(at('2104-02-29T00:00Z'));
  });
  test('a day of month and a weekday together mean either', () => {
    expect(between('0 6 13 * 5', 'UTC', '2026-11-05T00:00Z', '2026-11-14T00:00Z')).toEqual([
      '11-06T06:00',
      '11-13T06:00',
    ]);
    expect(between('0 6 15 * 1', 'UTC', '2026-11-14T00:00Z', '2026-11-17T00:00Z')).toEqual([
      '11-15T06:00',
      '11-16T06:00',
    ]);
  });
});

describe('a wrong schedule', () => {
  test.each([
    ['0 2 * *', /five fields.*here are 4/],
    ['', /here are 0/],
    ['0 0 2 * * *', /here are 6/],
    ['@daily', /five fields/],
    ['0 25 * * *', /hour: 25/],
    ['60 * * * *', /minute: 60/],
    ['0 2 31 2 *', /no day of any year/],
    ['0 22-2 * * *', /larger/],
    ['x * * * *', /illegal/],
    ['*/0 * * * *', /stepping/],
  ])('%j is explained', (cron, words) => {
    expect(cronProblem(cron)).toMatch(words);
    expect(() => nextDue({ cron, timezone: 'UTC' }, 0)).toThrow(words);
  });
  test.each(['0 2 * * *', '*/5 * * * *', '0 2 * * MON-FRI', '0 2 L * *', ' 0  2 1,15 * * ', '0 2 29 2 *', '0 0 * * 7'])(
    '%j is right',
    (cron) => expect(cronProblem(cron)).toBeUndefined(),
  );
  test('an unknown zone is refused', () => {
    expect(() => nextDue({ cron: '0 2 * * *', timezone: 'Europe/Nowhere' }, 0)).toThrow(/no IANA zone/);
  });
});

describe('the preview', () => {
  const notes = (cron: string, timezone: string, from: string, count: number) =>
    previewRuns({ cron, timezone }, at(from), count).map(({ local, note }) => `${local} ${note}`.trim());

  test('gives local time with offset, UTC and a note', () => {
    expect(previewRuns({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, at('2026-03-28T12:00Z'), 2)).toEqual([
      {
        local: '2026-03-29T03:00:00+02:00',
        utc: '2026-03-29T01:00:00.000Z',
        note: 'clocks go forward: 02:30 does not exist, runs at 03:00',
      },
      { local: '2026-03-30T02:30:00+02:00', utc: '2026-03-30T00:30:00.000Z', note: '' },
    ]);
  });
  test('names what happens on the days of a change', () => {
    expect(notes('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 1)).toEqual([
      '2026-10-25T02:30:00+02:00 clocks go back: runs once, at the first 02:30',
    ]);
    expect(notes('0 5 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T05:00:00+01:00 clocks go back today: 25 hours',
      '2026-10-26T05:00:00+01:00',
    ]);
    expect(notes('0 5 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 1)).toEqual([
      '2026-03-29T05:00:00+02:00 clocks go forward today: 23 hours',
    ]);
    expect(notes('30 * * * *', 'Europe/Berlin', '2026-10-25T00:00Z', 2)).toEqual([
      '2026-10-25T02:30:00+02:00 clocks go back: the first 02:30',
      '2026-10-25T02:30:00+01:00 clocks go back: the second 02:30',
    ]);
    expect(notes('*/15 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 1)).toEqual([
      '2026-03-29T03:00:00+02:00 clocks go forward: 02:00 to 02:45 do not exist, run once at 03:00',
    ]);
    expect(notes('0 12 * * *', 'Australia/Lord_Howe', '2026-04-04T12:00Z', 1)).toEqual([
      '2026-04-05T12:00:00+10:30 clocks go back today: 24.5 hours',
    ]);
    expect(notes('0 0 * * *', 'America/Santiago', '2026-09-05T12:00Z', 1)).toEqual([
      '2026-09-06T01:00:00-03:00 clocks go forward: 00:00 does not exist, runs at 01:00',
    ]);
  });
});
