import { instantOf, type LocalTime, localTime } from '../zoned-time.ts';
import { type Cause, moment, words } from './cause.ts';

/** One file that came by itself, by mail or from an inbox. */
export interface Arrival {
  eventTypeId: number;
  /** Milliseconds. */
  receivedAt: number;
  /** Whether it could be read. */
  good: boolean;
}

/** Of so many weeks before, on that weekday … */
const weeks = 5;
/** … so many had a file: then one is expected. */
const enough = 4;
/** How long after its latest usual time a file is missed. Milliseconds. */
const marginMs = 3_600_000;
/** So many days a missed file is told of, unless one comes. */
const daysTold = 7;

/** How far back arrivals are looked at. Milliseconds. */
export const historyMs = (daysTold + weeks * 7 + 1) * 86_400_000;

/** The days of a zone, counted: those of one weekday differ by 7. */
const dayNumber = ({ year, month, day }: LocalTime): number => Math.floor(Date.UTC(year, month - 1, day) / 86_400_000);

const timeOfDay = ({ hour, minute, second }: LocalTime): number => hour * 3600 + minute * 60 + second;

/** The instant at which the zone's clock shows that second of that day. */
const instantAt = (zone: string, day: number, seconds: number): number => {
  const date = new Date(day * 86_400_000);
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  return instantOf(zone, { year, month, day: date.getUTCDate(), hour, minute, second });
};

/** By when a file of that day was to be expected; undefined when none was. `first` is the time of each day's first file. */
const expectedBy = (zone: string, first: ReadonlyMap<number, number>, day: number): number | undefined => {
  const before = Array.from({ length: weeks }, (_, i) => first.get(day - 7 * (i + 1)));
  const times = before.filter((time) => time !== undefined);
  return times.length < enough ? undefined : instantAt(zone, day, Math.max(...times)) + marginMs;
};

/**
 * The first of the last days on which a file was expected and none came, that day or since; as the instant by which it
 * should have been there. Pure: the arrivals of one event type, in its zone.
 */
export const missedSince = (arrivals: readonly Arrival[], zone: string, now: number): number | undefined => {
  const first = new Map<number, number>();
  for (const { receivedAt, good } of arrivals) {
    const local = localTime(zone, receivedAt);
    const day = dayNumber(local);
    if (good) first.set(day, Math.min(timeOfDay(local), first.get(day) ?? Infinity));
  }
  const newest = Math.max(0, ...arrivals.map(({ receivedAt }) => receivedAt));
  const today = dayNumber(localTime(zone, now));
  for (let day = today - daysTold + 1; day <= today; day++) {
    const by = newest >= instantAt(zone, day, 0) ? undefined : expectedBy(zone, first, day);
    if (by !== undefined && now > by) return by;
  }
  return undefined;
};

const weekdayIn = (zone: string, at: number): string =>
  new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: zone }).format(at);

/** Advertisers who always send on that weekday and did not: one cause for each event type, until a file comes. */
export const missingFiles = (
  arrivals: readonly Arrival[],
  eventTypes: ReadonlyMap<number, { name: string; timezone: string }>,
  now: number,
): Cause[] =>
  [...Map.groupBy(arrivals, ({ eventTypeId }) => eventTypeId)].flatMap(([id, own]): Cause[] => {
    const eventType = eventTypes.get(id);
    const by = eventType && missedSince(own, eventType.timezone, now);
    if (!eventType || by === undefined) return [];
    const weekday = weekdayIn(eventType.timezone, by - marginMs);
    return [
      {
        key: `missing:${id}`,
        kind: 'missing',
        subject: words(`event type ${id}: no file this ${weekday}`),
        text: words(
          `Files for ${eventType.name} come every ${weekday} (at least ${enough} of the last ${weeks}), and none has ` +
            `come; it was usually there before ${moment(by - marginMs)}.`,
        ),
        hint: 'look whether it was refused (nightdrop submissions --refused), then ask the advertiser',
      },
    ];
  });
