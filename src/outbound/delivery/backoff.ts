import type { Random } from '../../clock.ts';

const baseMs = 10_000;
const capMs = 3_600_000;

/**
 * When to try again after `tries` failed attempts in a row (1 or more), the last of which ended at `now`: 10 s later,
 * doubled each time, at most an hour. A random part between half and all of it is taken, so that many deliveries do not
 * come back at the same moment.
 */
export const nextAttemptAt = (tries: number, now: number, random: Random): number => {
  const full = Math.min(baseMs * 2 ** Math.min(Math.max(tries, 1) - 1, 30), capMs);
  return now + Math.round(full / 2 + (full / 2) * random());
};
