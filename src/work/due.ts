import { Cron } from 'croner';
import { instantFormat, instantOf, instantsOf, isZone, offsetAt } from '../zoned-time.ts';
import type { Schedule } from './schedule.ts';

/**
 * When a schedule is due, as plain instants (milliseconds). The rule for the days on which clocks change:
 *
 * - A schedule whose minute or hour field contains `*` is an *interval*; any other (numbers, lists, ranges) names
 *   *fixed times*.
 * - Clocks go back (an hour comes twice): a fixed time runs once, at the first of the two. An interval goes on by real
 *   time: every time the clock on the wall shows a matching time, in both copies of the hour.
 * - Clocks go forward (an hour is missing): times in the gap run at the first valid instant after it, all of them
 *   together once, and together with a run that is due there anyway. An interval that runs in every hour of the day
 *   goes on by real time without them.
 *
 * croner (owned by this file) reads the expression and finds the matching times on the wall; instants are made here.
 */

const day = 24 * 3_600_000;
const fieldNames = 5;

/** One due instant, and the wall times of the gap (as if in UTC) that were moved to it. */
interface Due {
  at: number;
  moved: number[];
}

const read = (cron: string): Cron => new Cron(cron.trim(), { mode: '5-part', timezone: 'UTC', paused: true });

/** What is wrong with a cron expression, in words for the person who wrote it; undefined when nothing is. */
export const cronProblem = (text: string): string | undefined => {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== fieldNames || fields[0] === '') {
    return `five fields are needed (minute hour day month weekday), here are ${text.trim() === '' ? 0 : fields.length}`;
  }
  try {
    return read(text).nextRun(new Date(0)) ? undefined : 'no day of any year matches it';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return reason.replace(/^CronPattern: /, '');
  }
};

/** An expression taken apart: the days by croner, the times of a day written out. All on the wall, as if in UTC. */
interface Plan {
  /** The first matching midnight after that one. */
  dayAfter(midnight: number): number | undefined;
  /** Milliseconds after midnight, in order. */
  times: number[];
  interval: boolean;
  everyHour: boolean;
}

/** Taking apart costs a millisecond, and the service asks for the same few every second. */
const plans = new Map<string, Plan>();

const planOf = ({ cron, timezone }: Schedule): Plan => {
  const key = `${cron} ${timezone}`;
  const known = plans.get(key);
  if (known) return known;
  const problem = cronProblem(cron) ?? (isZone(timezone) ? undefined : `${timezone} is no IANA zone`);
  if (problem !== undefined) throw new Error(`schedule "${cron}" in ${timezone}: ${problem}`);
  if (plans.size > 1000) plans.clear();
  const plan = takeApart(cron);
  plans.set(key, plan);
  return plan;
};

const takeApart = (cron: string): Plan => {
  const [minute = '', hour = '', ...dayFields] = cron.trim().split(/\s+/);
  const firstDay = (text: string) =>
    read(text)
      .nextRuns(60, new Date(-1000))
      .map((found) => found.getTime())
      .filter((found) => found < day);
  const minutes = firstDay(`${minute} 0 * * *`);
  const hours = firstDay(`0 ${hour} * * *`);
  const days = read(`0 0 ${dayFields.join(' ')}`);
  return {
    dayAfter: remember((midnight) => days.nextRun(new Date(midnight))?.getTime()),
    times: hours.flatMap((h) => minutes.map((m) => h + m)),
    interval: /[*?]/.test(minute + hour),
    everyHour: hours.length === 24,
  };
};

const remember = <T>(look: (key: number) => T): ((key: number) => T) => {
  const answers = new Map<number, T>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size > 500) answers.clear();
    const answer = look(key);
    answers.set(key, answer);
    return answer;
  };
};

/** Every matching time on the wall after `after`. */
function* wallTimes(plan: Plan, after: number): Generator<number, void> {
  let midnight = plan.dayAfter(Math.floor(after / day) * day - 1000);
  for (; midnight !== undefined; midnight = plan.dayAfter(midnight)) {
    for (const time of plan.times) if (midnight + time > after) yield midnight + time;
  }
}

const wallTime = (wall: number) => {
  const shown = new Date(wall);
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: 0,
  };
};

/** The instants of one wall time, by the rule at the top. */
const instantsByRule = (zone: string, plan: Plan, wall: number): Due[] => {
  const local = wallTime(wall);
  const instants = instantsOf(zone, local);
  if (instants.length > 0) return (plan.interval ? instants : instants.slice(0, 1)).map((at) => ({ at, moved: [] }));
  return plan.interval && plan.everyHour ? [] : [{ at: instantOf(zone, local), moved: [wall] }];
};

/** Every due instant after `from`, in order. Wall order is not instant order in the repeated hour, so a few are held back. */
function* walk(schedule: Schedule, from: number): Generator<Due, void> {
  const zone = schedule.timezone;
  const plan = planOf(schedule);
  const offsets = (at: number) => [offsetAt(zone, at - day), offsetAt(zone, at + day)];
  const held = new Map<number, Due>();
  const release = function* (before: number) {
    const ready = [...held.values()].filter(({ at }) => at < before).sort((a, b) => a.at - b.at);
    for (const due of ready) held.delete(due.at);
    yield* ready;
  };
  for (const wall of wallTimes(plan, from + Math.min(...offsets(from)))) {
    yield* release(wall - Math.max(...offsets(wall)));
    for (const { at, moved } of instantsByRule(zone, plan, wall)) {
      if (at > from) held.set(at, { at, moved: [...(held.get(at)?.moved ?? []), ...moved] });
    }
  }
  yield* release(Infinity);
}

function* walkTo(schedule: Schedule, from: number, to: number, limit: number): Generator<Due, void> {
  if (limit <= 0 || from >= to) return;
  let count = 0;
  for (const due of walk(schedule, from)) {
    if (due.at > to) return;
    yield due;
    if (++count >= limit) return;
  }
}

/** The due instants in `(from, to]`, strictly increasing, the first `limit` of them. Throws on a schedule that `cronProblem` refuses. */
export const dueTimes = (schedule: Schedule, from: number, to: number, limit = Infinity): number[] =>
  [...walkTo(schedule, from, to, limit)].map(({ at }) => at);

/** The first due instant after `after`; undefined when there is none any more. */
export const nextDue = (schedule: Schedule, after: number): number | undefined =>
  dueTimes(schedule, after, Infinity, 1)[0];

/** One line of a preview. */
export interface PreviewRun {
  /** ISO 8601 with the zone's offset, e.g. `2026-03-29T03:00:00+02:00`. */
  local: string;
  /** ISO 8601 in UTC, to the millisecond. */
  utc: string;
  /** What is special about that day's clock; empty on ordinary days. */
  note: string;
}

/** The next `count` runs after `from`, with a note on days on which clocks change. */
export const previewRuns = (schedule: Schedule, from: number, count: number): PreviewRun[] => {
  const local = instantFormat("yyyy-MM-dd'T'HH:mm:ssXXX", schedule.timezone);
  const { interval } = planOf(schedule);
  return [...walkTo(schedule, from, Infinity, count)].map((due) => ({
    local: local(due.at),
    utc: new Date(due.at).toISOString(),
    note: noteOn(schedule.timezone, interval, due),
  }));
};

const clockText = (wall: number): string => new Date(wall).toISOString().slice(11, 16);

const noteOn = (zone: string, interval: boolean, { at, moved }: Due): string => {
  const wall = at + offsetAt(zone, at);
  if (moved.length > 0) {
    const lost = moved.map(clockText);
    const names = lost.length > 3 ? `${lost[0]} to ${lost.at(-1)}` : lost.join(', ');
    const verb = lost.length > 1 ? 'do not exist, run once' : 'does not exist, runs';
    return `clocks go forward: ${names} ${verb} at ${clockText(wall)}`;
  }
  const twice = instantsOf(zone, wallTime(wall));
  if (twice.length > 1) {
    const copy = twice[0] === at ? 'first' : 'second';
    return `clocks go back: ${interval ? '' : 'runs once, at '}the ${copy} ${clockText(wall)}`;
  }
  return dayNote(zone, wall);
};

const dayNote = (zone: string, wall: number): string => {
  const midnight = Math.floor(wall / day) * day;
  const length = instantOf(zone, wallTime(midnight + day)) - instantOf(zone, wallTime(midnight));
  if (length === day) return '';
  return `clocks go ${length < day ? 'forward' : 'back'} today: ${length / 3_600_000} hours`;
};
