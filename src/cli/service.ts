import { makeJobs } from '../../jobs/catalog.ts';
import type { Job } from '../../jobs/job.ts';
import { logFault } from '../../jobs/log-fault.ts';
import type { MailListener } from '../inbound/mail/listener.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../settings/settings.ts';
import type { Web } from '../web/web.ts';
import { wakeEvery } from '../work/wake.ts';
import { channelsOf } from './channels.ts';
import { type MailFace, openMailFace } from './mail-face.ts';
import { replyingOf } from './replying.ts';
import type { Part } from './parts.ts';
import { openFace } from './web-face.ts';
import { within } from './within.ts';
import type { App } from './wire.ts';

/** The service while it runs. */
export interface Service {
  web: Web | undefined;
  mail: MailListener | undefined;
  /** The next wake-ups work with these. What is bound to a file, a folder or a port stays until a restart. */
  useSettings(settings: Settings): void;
  /** Wakes no more, lets what is under way finish, then stops it where it is safe; at most 20 s in all. */
  stop(): Promise<void>;
}

/** How long attempts and runs may go on after the signal, and how long they then have to stop where it is safe. */
const graceMs = 12_000;
const abandonMs = 6000;
/** How long a mail whose bytes are still coming in may go on. */
const mailGraceMs = 8000;

/** A scheduler that has not woken up for so long is not ready. */
const asleepMs = 60_000;

/** What of the settings the jobs work with. */
const asOf = (settings: Settings) => {
  const { feeds, drops, eventTypes, inboxes, retention, late } = settings;
  const { batchFiles: keepBatchFiles, submissions: keepSubmissions, messages: keepMessages } = retention;
  const keep = { keepBatchFiles, keepSubmissions, keepMessages };
  const replying = replyingOf(settings);
  return { feeds, drops, eventTypes, inboxes, channels: channelsOf(settings), replying, late, ...keep };
};

/** Starts the jobs of the chosen parts, the mail listener and the web. Throws a Fault when a port cannot be had. */
export const startService = async (app: App, chosen: readonly Part[]): Promise<Service> => {
  const ending = new AbortController();
  const abandon = new AbortController();
  const signals = { ending: ending.signal, abandon: abandon.signal, graceMs };
  let settings = app.settings;
  let wokenAt = app.clock.now();
  const jobs = makeJobs().filter((job) => chosen.includes(job.part));
  const awake = (): boolean => jobs.length === 0 || isAwake();
  let nudge: () => void = () => undefined;
  const { mail, web } = await openFaces(app, chosen, { settings: () => settings, awake, nudge: () => nudge() });
  const isAwake = (): boolean => Math.abs(app.clock.now() - wokenAt) < asleepMs;
  const start = (job: Job) => {
    const onWake = async (): Promise<void> => {
      wokenAt = app.clock.now();
      await job.run({ ...app, ...asOf(settings), ...signals });
    };
    return wakeEvery(job.seconds, onWake, (error) => {
      if (!abandon.signal.aborted) logFault(app.log, error, 'run the job', job.name);
    });
  };
  const wakes = jobs.map(start);
  nudge = () => wakes[jobs.findIndex(({ name }) => name === 'log-messages')]?.now();
  const settled = async (): Promise<void> => {
    const faces = [web?.web.close(), mail?.listener.close(mailGraceMs)];
    await Promise.all([...wakes.map((wake) => wake.stop()), ...faces]);
    await Promise.all(jobs.map((job) => job.idle?.() ?? Promise.resolve()));
  };
  const stop = async (): Promise<void> => {
    ending.abort();
    await endInTime(app.log, settled(), abandon);
    web?.stop();
  };
  const useSettings = (next: Settings): void => {
    settings = next;
    mail?.useSettings(next);
  };
  return { web: web?.web, mail: mail?.listener, useSettings, stop };
};

/** Waits for what is under way, and after a while makes it stop where it is safe. */
const endInTime = async (log: Log, all: Promise<void>, abandon: AbortController): Promise<void> => {
  if (await within(graceMs, all)) return;
  log.info('stops what is under way where it is safe; it goes on at the next start');
  abandon.abort();
  if (!(await within(abandonMs, all))) log.warn('something did not stop in time; it is taken up at the next start');
};

/** What others connect to. When one port cannot be had, none stays open. */
const openFaces = async (
  app: App,
  chosen: readonly Part[],
  { settings, awake, nudge }: { settings(): Settings; awake(): boolean; nudge(): void },
) => {
  const mail: MailFace | undefined = chosen.includes('mail') ? await openMailFace(app, nudge) : undefined;
  try {
    return { mail, web: chosen.includes('web') ? await openFace(app, settings, awake) : undefined };
  } catch (error) {
    await mail?.listener.close(1);
    throw error;
  }
};
