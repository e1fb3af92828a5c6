import { setTimeout as pause } from 'node:timers/promises';

/** Whether the work ended within `ms`. */
export const within = (ms: number, work: Promise<unknown>): Promise<boolean> => {
  const stop = new AbortController();
  const late = pause(ms, false, { signal: stop.signal }).catch(() => false);
  return Promise.race([work.then(() => true), late]).finally(() => stop.abort());
};
