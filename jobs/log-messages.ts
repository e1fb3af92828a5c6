import { makeFindThread } from '../src/inbound/mail/find-thread.ts';
import { type LogContext, logMessage } from '../src/inbound/mail/log-message.ts';
import { type MailMessage, messagesToLog } from '../src/inbound/mail/messages.ts';
import type { Store } from '../src/store/store.ts';
import { databaseTrouble } from '../src/store/trouble.ts';
import type { Job, JobContext } from './job.ts';
import { logFault } from './log-fault.ts';

const atATime = 1000;
const pauses = { first: 5000, longest: 300_000 };

/** Messages that could not be logged for a while (a disk that is full, a folder that is not there) and when they are next. */
const makePauses = () => {
  const paused = new Map<number, { until: number; ms: number }>();
  return {
    isOver: (id: number, now: number): boolean => (paused.get(id)?.until ?? 0) <= now,
    lengthen: (id: number, now: number): void => {
      const ms = Math.min(pauses.longest, (paused.get(id)?.ms ?? pauses.first / 2) * 2);
      paused.set(id, { until: now + ms, ms });
    },
    end: (id: number): void => void paused.delete(id),
  };
};

/** The oldest messages that are to be logged and do not pause, at most `most`, however many pause in front of them. */
const messagesDue = async (db: Store['read'], most: number, isDue: (id: number) => boolean): Promise<MailMessage[]> => {
  const due: MailMessage[] = [];
  for (let after = 0; due.length < most;) {
    const page = await messagesToLog(db, most, after);
    due.push(...page.filter(({ id }) => isDue(id)).slice(0, most - due.length));
    const last = page.at(-1);
    if (!last || page.length < most) break;
    after = last.id;
  }
  return due;
};

/** Writes the submissions of accepted mail. A message that cannot be logged for now keeps no other waiting. */
export const makeLogMessages = (most = atATime): Job => {
  const pausing = makePauses();
  const logOne = async (context: JobContext, how: LogContext, message: MailMessage): Promise<void> => {
    const { log, clock } = context;
    try {
      const submissions = await logMessage(how, message);
      pausing.end(message.id);
      if (submissions) log.info({ message: message.id, submissions }, 'a mail was taken apart');
    } catch (error) {
      if (context.ending.aborted || databaseTrouble(error)) throw error;
      pausing.lengthen(message.id, clock.now());
      logFault(log, error, 'take apart', `message ${message.id}`);
    }
  };
  const run = async (context: JobContext): Promise<void> => {
    const { store, spool, clock, ending } = context;
    const now = clock.now();
    const waiting = await messagesDue(store.read, most, (id) => pausing.isOver(id, now));
    if (waiting.length === 0) return;
    const thread = makeFindThread({ spoolFolder: spool.folder });
    const stop = (): void => void thread.close();
    ending.addEventListener('abort', stop);
    try {
      for (const message of waiting)
        if (!ending.aborted) await logOne(context, { store, spool, findFiles: thread.findFiles }, message);
    } catch (error) {
      if (!ending.aborted) throw error;
    } finally {
      ending.removeEventListener('abort', stop);
      await thread.close();
    }
  };
  return { name: 'log-messages', part: 'work', seconds: 1, run };
};
