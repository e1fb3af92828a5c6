import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueTimes } from '../../src/work/due.ts';

/**
 * The rule of src/work/README.md as plain as can be: minute by minute over real time, with Intl's own idea of the
 * clock on the wall, and the meaning of each field written out as a set.
 */
interface Model {
  cron: string;
  minutes: Set<number>;
  hours: Set<number>;
  weekdays: Set<number>;
  interval: boolean;
}

const minute = 60_000;
const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const wallReader = (zone: string): ((at: number) => number) => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return (at) => Date.parse(`${format.format(at).replace(' ', 'T')}Z`);
};

const matches = ({ minutes, hours, weekdays }: Model, wall: number): boolean => {
  const shown = new Date(wall);
  return minutes.has(shown.getUTCMinutes()) && hours.has(shown.getUTCHours()) && weekdays.has(shown.getUTCDay());
};

const expectedTimes = (model: Model, zone: string, from: number, to: number): number[] => {
  const wallAt = wallReader(zone);
  const due = new Set<number>();
  const seen = new Set<number>();
  const goesOn = model.interval && model.hours.size === 24;
  let before: number | undefined;
  for (let at = from - 1440 * minute; at <= to; at += minute) {
    const wall = wallAt(at);
    for (let lost = (before ?? wall) + minute; lost < wall; lost += minute) {
      if (matches(model, lost) && !goesOn && !seen.has(lost)) due.add(at);
    }
    if (matches(model, wall) && (model.interval || !seen.has(wall))) due.add(at);
    seen.add(wall);
    before = wall;
  }
  return [...due].filter((at) => at > from).sort((a, b) => a - b);
};

const zones = Intl.supportedValuesOf('timeZone');
const changing = [
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Santiago',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
];

/** A field's text and the values it stands for. */
type Field = [text: string, values: number[]];
const field = (size: number): fc.Arbitrary<Field> => {
  const value = fc.nat(size - 1);
  return fc.oneof(
    fc.constant<Field>(['*', all(size)]),
    fc.integer({ min: 1, max: size / 2 }).map((n): Field => [`*/${n}`, all(size).filter((v) => v % n === 0)]),
    value.map((v): Field => [String(v), [v]]),
    fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map((v): Field => [v.join(','), v]),
    fc.tuple(value, value).map(([a, b]): Field => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      return [`${low}-${high}`, all(size).filter((v) => v >= low && v <= high)];
    }),
  );
};
const hourField: fc.Arbitrary<Field> = fc.oneof(
  field(24),
  // The hours in which clocks change.
  fc.constantFrom<Field>(['0', [0]], ['1', [1]], ['2', [2]], ['1-3', [1, 2, 3]], ['23', [23]], ['0,2', [0, 2]]),
);

const models: fc.Arbitrary<Model> = fc
  .tuple(field(60), hourField, fc.constantFrom<Field>(['*', all(7)], ['1-5', [1, 2, 3, 4, 5]], ['0,6', [0, 6]]))
  .map(([minutes, hours, weekdays]) => ({
    cron: `${minutes[0]} ${hours[0]} * * ${weekdays[0]}`,
    minutes: new Set(minutes[1]),
    hours: new Set(hours[1]),
    weekdays: new Set(weekdays[1]),
    interval: `${minutes[0]}${hours[0]}`.includes('*'),
  }));

/** The days of that year on which the zone's clock changes, as instants (to the day). */
const changesOf = (zone: string, year: number): number[] => {
  const wallAt = wallReader(zone);
  const offset = (at: number) => wallAt(at) - at;
  return all(366)
    .map((n) => Date.UTC(year, 0, 1 + n))
    .filter((at) => offset(at) !== offset(at + 1440 * minute));
};

const windows = fc
  .tuple(
    fc.oneof(fc.constantFrom(...changing), fc.constantFrom(...zones)),
    fc.integer({ min: 2015, max: 2035 }),
    fc.nat(10),
    fc.integer({ min: -1500, max: 1500 }),
  )
  .map(([zone, year, pick, shift]) => {
    const changes = changesOf(zone, year);
    const day = changes.length > 0 ? (changes[pick % changes.length] ?? 0) : Date.UTC(year, pick, 10);
    return { zone, from: day + shift * minute, to: day + (shift + 2 * 1440) * minute };
  });

test('any schedule in any zone: the instants of the written rule, each once, in order', () => {
  const run = (model: Model, { zone, from, to }: { zone: string; from: number; to: number }) => {
    const found = dueTimes({ cron: model.cron, timezone: zone }, from, to);
    expect(found.every((at, index) => index === 0 || at > (found[index - 1] ?? at))).toBe(true);
    expect(found).toEqual(expectedTimes(model, zone, from, to));
  };
  const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
  fc.assert(fc.property(models, windows, run), { numRuns: Number(process.env['RUNS'] ?? 150), ...seed });
});

test('cutting a window in two changes nothing', () => {
  fc.assert(
    fc.property(models, windows, fc.double({ min: 0, max: 1, noNaN: true }), ({ cron }, { zone, from, to }, part) => {
      const schedule = { cron, timezone: zone };
      const middle = Math.floor(from + (to - from) * part);
      expect([...dueTimes(schedule, from, middle), ...dueTimes(schedule, middle, to)]).toEqual(
        dueTimes(schedule, from, to),
      );
    }),
    { numRuns: 100 },
  );
});
