import type { Job, JobContext } from './job.ts';

/** For a job that need not run at every wake-up: the first time at once, then every so many hours, also after a failure. */
export const everyHours = (hours: number, work: Job['run']): Job['run'] => {
  const pauseMs = hours * 3_600_000;
  let last: number | undefined;
  return async (context: JobContext) => {
    const now = context.clock.now();
    if (last !== undefined && now >= last && now - last < pauseMs) return;
    last = now;
    await work(context);
  };
};
