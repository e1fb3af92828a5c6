import { dueTimes } from './due.ts';
import type { Schedule } from './schedule.ts';

/** A due time at most this long ago is on time, not missed (milliseconds). */
export const graceMs = 60_000;

/** More missed due times than these (the newest) are not recorded one by one. */
export const mostSkipped = 200;

export interface Reckoning {
  /** The due time to run now. */
  run?: number;
  /** Due times that will not be run, oldest first, to be recorded; at most `mostSkipped`. */
  skipped: number[];
}

/**
 * What to do at `now` about the due times after `known`: the last one that was claimed or skipped, or else the instant
 * since which the schedule is known. `once`: the newest runs, the older ones are skipped, however long we were down.
 * `skip`: the newest runs only when it is on time (`graceMs`), or else `seen`: a due time that was noticed on time and
 * had to wait for other runs, which is not missed however long that took. Nothing at or before `known` is ever due again,
 * so a clock that was set back repeats nothing.
 */
export const reckon = (
  schedule: Schedule,
  catchUp: 'once' | 'skip',
  known: number,
  now: number,
  seen?: number,
): Reckoning => {
  const due = newestDue(schedule, known, now);
  const newest = due.at(-1);
  if (newest === undefined) return { skipped: [] };
  const run = catchUp === 'once' || now - newest <= graceMs ? newest : due.find((at) => at === seen);
  if (run === undefined) return { skipped: due.slice(-mostSkipped) };
  return { run, skipped: due.filter((at) => at < run).slice(-mostSkipped) };
};

/** The newest due time that is on time at `now`, if any: to be remembered until it has run. */
export const dueOnTime = (schedule: Schedule, now: number): number | undefined =>
  dueTimes(schedule, now - graceMs - 1, now).at(-1);

/** The newest due times in `(known, now]`, found backwards, so that a year of downtime costs no more than a day of it. */
const newestDue = (schedule: Schedule, known: number, now: number): number[] => {
  for (let span = 3 * 3_600_000; ; span *= 8) {
    const from = Math.max(known, now - span);
    const due = dueTimes(schedule, from, now);
    if (due.length > mostSkipped || from <= known) return due.slice(-mostSkipped - 1);
  }
};
