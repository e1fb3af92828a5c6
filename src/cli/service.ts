import { setTimeout as pause } from 'node:timers/promises';
import { makeJobs } from '../../jobs/catalog.ts';
import type { Job } from '../../jobs/job.ts';
import { logFault } from '../../jobs/log-fault.ts';
import type { Settings } from '../settings/settings.ts';
import type { Web } from '../web/web.ts';
import { wakeEvery } from '../work/wake.ts';
import { channelsOf } from './channels.ts';
import { openFace } from './web-face.ts';
import type { App } from './wire.ts';

/** What one process of several can do: `serve --only schedule,web`. */
export const parts = ['schedule', 'mail', 'web', 'work'] as const;
export type Part = (typeof parts)[number];

/** The service while it runs. */
export interface Service {
  web: Web | undefined;
  /** The next wake-ups work with these. What is bound to a file, a folder or a port stays until a restart. */
  useSettings(settings: Settings): void;
  /** Wakes no more, lets what is under way finish, then stops it where it is safe; at most 20 s in all. */
  stop(): Promise<void>;
}

/** How long attempts and runs may go on after the signal, and how long they then have to stop where it is safe. */
const graceMs = 12_000;
const abandonMs = 6000;

/** A scheduler that has not woken up for so long is not ready. */
const asleepMs = 60_000;

/** Whether the work ended within `ms`. */
export const within = (ms: number, work: Promise<unknown>): Promise<boolean> => {
  const stop = new AbortController();
  const late = pause(ms, false, { signal: stop.signal }).catch(() => false);
  return Promise.race([work.then(() => true), late]).finally(() => stop.abort());
};

/** Starts the jobs of the chosen parts and the web. Throws a Fault when the port cannot be had. */
export const startService = async (app: App, chosen: readonly Part[]): Promise<Service> => {
  const ending = new AbortController();
  const abandon = new AbortController();
  const signals = { ending: ending.signal, abandon: abandon.signal, graceMs };
  let settings = app.settings;
  let wokenAt = app.clock.now();
  const jobs = makeJobs().filter((job) => chosen.includes(job.part));
  const awake = (): boolean => jobs.length === 0 || isAwake();
  const web = chosen.includes('web') ? await openFace(app, () => settings, awake) : undefined;
  const isAwake = (): boolean => Math.abs(app.clock.now() - wokenAt) < asleepMs;
  const start = (job: Job) => {
    const onWake = async (): Promise<void> => {
      wokenAt = app.clock.now();
      const { feeds, drops, eventTypes, retention, late } = settings;
      const channels = channelsOf(settings);
      const keep = { keepBatchFiles: retention.batchFiles, keepSubmissions: retention.submissions };
      await job.run({ ...app, feeds, drops, eventTypes, channels, late, ...keep, ...signals });
    };
    return wakeEvery(job.seconds, onWake, (error) => {
      if (!abandon.signal.aborted) logFault(app.log, error, 'run the job', job.name);
    });
  };
  const wakes = jobs.map(start);
  const settled = async (): Promise<void> => {
    await Promise.all([...wakes.map((wake) => wake.stop()), ...(web ? [web.web.close()] : [])]);
    await Promise.all(jobs.map((job) => job.idle?.() ?? Promise.resolve()));
  };
  const stop = async (): Promise<void> => {
    ending.abort();
    const all = settled();
    if (await within(graceMs, all)) return web?.stop();
    app.log.info('stops what is under way where it is safe; it goes on at the next start');
    abandon.abort();
    if (!(await within(abandonMs, all)))
      app.log.warn('something did not stop in time; it is taken up at the next start');
    return web?.stop();
  };
  return { web: web?.web, useSettings: (next) => void (settings = next), stop };
};
