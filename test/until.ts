import { setTimeout as pause } from 'node:timers/promises';

type Found<T> = Exclude<NonNullable<T>, false>;

/** Looks every 20 ms until `look` gives something, and gives that; fails with `what` after `ms` milliseconds. */
export const until = async <T>(look: () => T | Promise<T>, what: string, ms = 90_000): Promise<Found<T>> => {
  for (const giveUp = performance.now() + ms; performance.now() < giveUp; await pause(20)) {
    const found = await look();
    if (found) return found as Found<T>;
  }
  throw new Error(`not within ${ms} ms: ${what}`);
};
