import { asFault } from '../src/fault.ts';
import { adoptFeed } from '../src/outbound/feed/adopt.ts';
import type { Feed } from '../src/outbound/feed/feed.ts';
import { findFeed } from '../src/outbound/feed/feeds.ts';
import { runFeed, type RunResult } from '../src/outbound/feed/run.ts';
import { clearTrouble, noteTrouble } from '../src/outbound/feed/troubles.ts';
import { databaseTrouble } from '../src/store/trouble.ts';
import { dueOnTime, reckon } from '../src/work/missed.ts';
import { lastDue, noteDue, recordSkipped, unfinishedOccurrences } from '../src/work/occurrences.ts';
import type { Job, JobContext } from './job.ts';
import { makeLanes, makeSlots } from './lanes.ts';
import { logFault } from './log-fault.ts';

/** Feeds that run at the same time in one process: each renders in a thread of its own. */
const sideBySide = 4;

/** How long a feed that failed is left alone. */
const restMs = 30_000;

const scheduleOf = ({ schedule: cron, timezone }: Feed) => ({ cron, timezone });

/** The due time to run now: one that has come, or one that an earlier process left unfinished. `seen` was noticed on time. */
const dueNow = async (context: JobContext, feed: Feed, seen: number | undefined): Promise<number | undefined> => {
  const { store, clock, abandon: signal } = context;
  const history = (await findFeed(store.read, feed.name)) ?? (await adoptFeed(context, feed, { signal }));
  const known = (await lastDue(store.read, feed.name)) ?? history.knownSince;
  const { run, skipped } = reckon(scheduleOf(feed), feed.catchUp, known, clock.now(), seen);
  if (skipped.length > 0) {
    await store.write((writer) => recordSkipped(writer, { feed: feed.name, dues: skipped, claim: 0 }));
    context.log.info({ feed: feed.name, skipped: skipped.length }, 'missed runs are left out');
  }
  return run ?? (await unfinishedOccurrences(store.read, feed.name))[0]?.due;
};

const report = ({ log }: JobContext, feed: Feed, due: number, { outcome, batch, resumed }: RunResult): void => {
  for (const made of [...resumed, ...(batch ? [batch] : [])]) {
    const { number, rows, fileName, bytes, sha256 } = made;
    log.info({ feed: feed.name, number, rows, fileName, bytes, sha256 }, 'frozen');
  }
  if (outcome === 'empty') log.info({ feed: feed.name, due: new Date(due).toISOString() }, 'nothing new');
};

const runOne = async (context: JobContext, feed: Feed, due: number): Promise<void> => {
  const { abandon: signal, log } = context;
  const onWait = (what: string) => log.info({ feed: feed.name }, `waits for ${what}`);
  report(context, feed, due, await runFeed(context, feed, { due, kind: 'schedule', signal, onWait }));
};

/** What is remembered between wake-ups. */
interface Memory {
  /** The newest due time of each feed that was noticed on time: it is not missed, however long its run has to wait. */
  seen: Map<string, number>;
  restUntil: Map<string, number>;
  /** Feeds that could not even be looked at; a run that fails is remembered in the database until one succeeds. */
  unseen: Set<string>;
  /** Feeds that this process has looked at. */
  looked: Set<string>;
}

const isRested = ({ restUntil }: Memory, feed: Feed, now: number): boolean => {
  const until = restUntil.get(feed.name) ?? 0;
  return until <= now || until > now + restMs; // the second: the clock was set back
};

const atEdge = async (context: JobContext, { restUntil }: Memory, feed: Feed, work: () => Promise<void>) => {
  try {
    await work();
  } catch (error) {
    if (context.abandon.aborted) return;
    restUntil.set(feed.name, context.clock.now() + restMs);
    logFault(context.log, error, 'run the feed', feed.name);
    await keepTrouble(context, feed, error);
  }
};

/** For the alerts. Our own database's trouble cannot be written there, and a run elsewhere is none. */
const keepTrouble = async ({ store, clock, log }: JobContext, { name }: Feed, error: unknown): Promise<void> => {
  const fault = asFault(error, 'run the feed', name);
  if (databaseTrouble(error) || fault.code === 'claim-lost') return;
  await noteTrouble(store, name, fault, clock.now()).catch((failed: unknown) =>
    logFault(log, failed, 'note the trouble of', name),
  );
};

/**
 * What to run now; a feed that could be looked at again after it could not has no trouble of that kind any more. Of what
 * an earlier process left in the database nothing is known but this: a run that failed is still due or unfinished.
 */
const look = async (context: JobContext, { seen, unseen, looked }: Memory, feed: Feed): Promise<number | undefined> => {
  const due = await dueNow(context, feed, seen.get(feed.name)).catch((error: unknown) => {
    unseen.add(feed.name);
    throw error;
  });
  const isFirst = !looked.has(feed.name);
  if (unseen.has(feed.name) || (isFirst && due === undefined)) await clearTrouble(context.store, feed.name);
  unseen.delete(feed.name);
  looked.add(feed.name);
  return due;
};

/** Freezes what is new for every feed whose time has come, and finishes what was left unfinished. */
export const makeRunDueFeeds = (): Job => {
  const memory: Memory = { seen: new Map(), restUntil: new Map(), unseen: new Set(), looked: new Set() };
  // Each feed is looked at in a lane of its own, where it may wait for its first fence; only the runs share their slots.
  const lanes = makeLanes(Infinity);
  const slots = makeSlots(sideBySide);
  let newest: readonly Feed[] = [];
  const tend = async (context: JobContext, feed: Feed): Promise<void> => {
    const waits = await look(context, memory, feed);
    if (waits === undefined) return;
    if (slots.isFull()) await context.store.write((writer) => noteDue(writer, { feed: feed.name, due: waits }));
    // When there are more than slots, who has waited longest goes first; what it is due for then is looked at again.
    await slots.within(waits, async () => {
      const now = newest.find((one) => one.name === feed.name && !one.retired);
      const due = now && !context.ending.aborted ? await look(context, memory, now) : undefined;
      if (now && due !== undefined && !context.ending.aborted) await runOne(context, now, due);
    });
  };
  const run = (context: JobContext): Promise<void> => {
    newest = context.feeds;
    const now = context.clock.now();
    for (const feed of context.feeds) {
      if (feed.retired) continue;
      const due = dueOnTime(scheduleOf(feed), now);
      if (due !== undefined) memory.seen.set(feed.name, due);
      if (!lanes.isFree(feed.name) || !isRested(memory, feed, now)) continue;
      lanes.start(feed.name, () => atEdge(context, memory, feed, () => tend(context, feed)));
    }
    return Promise.resolve();
  };
  return { name: 'run-due-feeds', part: 'schedule', seconds: 2, run, idle: lanes.idle };
};
