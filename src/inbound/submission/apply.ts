import { reached } from '../../commit-point.ts';
import { asFault, Fault } from '../../fault.ts';
import { digestFile } from '../../file/digest.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import type { Lease } from '../../work/leases.ts';
import { applyChunk } from './chunk.ts';
import { type RecordGroup, weightOfGroup } from './group.ts';
import type { Verdict } from './judge-group.ts';
import { oneBehind } from './one-behind.ts';
import { formatOf, openReading, type Reading, recordGroups } from './reading.ts';
import { beginResult, type ResultDraft } from './result-file.ts';
import { begin, complete, fail, fixReading, hold, holdUnusual, type Place } from './steps.ts';
import { sentenceOf, type Submission } from './submission.ts';
import { looksUnusual } from './unusual.ts';

/** What applying works with. */
export interface ApplyContext {
  store: Store;
  spool: Spool;
  eventType: EventType;
  /** That of the event type (`leaseNameOf`). */
  lease: Lease;
  /** Asked between chunks; what was committed stays, and the next owner goes on there. */
  isStopped?: () => boolean;
  /** Called after each chunk with the data lines done. */
  progress?: (lines: number) => void;
  /** A fixed size of chunks in plain lines, for tests; otherwise it follows the time that they take. */
  chunkLines?: number;
}

export type Applied = 'complete' | 'failed' | 'held' | 'stopped' | 'gone';

/** How long a chunk's database transaction should take, milliseconds: on SQLite others wait for it. */
const aimMs = { sqlite: 150, postgres: 400 };
const sizes = { first: 500, smallest: 50, largest: 10_000 };

/** The lease under which submissions of an event type are applied, one after another. */
export const leaseNameOf = (eventTypeId: number): string => `submissions ${eventTypeId}`;

const placeOf = ({ id, claim, position }: Submission): Place => ({ id, claim, position });

/**
 * Commit points 4 and 5 for one submission: applies its lines chunk by chunk, from where an earlier owner stopped, and
 * writes its result file beside them. A file that is wrong as a whole is `failed`; what needs a person is `held`. Throws Fault (retry)
 * `claim-lost` when another process has taken over, and what passes by itself (database, disk).
 */
export const applySubmission = async (ctx: ApplyContext, id: number): Promise<Applied> => {
  const submission = await begin(ctx.store, id, ctx.lease);
  if (!submission) return 'gone';
  reached('in 4 begun');
  const run: Run = { ctx, submission, size: ctx.chunkLines ?? sizes.first };
  try {
    return await applyAll(run);
  } catch (error) {
    return settle(run, error);
  }
};

/** The submission as of the last chunk that was committed, and how much weight the next chunk is to have. */
interface Run {
  ctx: ApplyContext;
  submission: Submission;
  size: number;
}

const settle = async ({ ctx, submission }: Run, error: unknown): Promise<Applied> => {
  const fault = asFault(error, 'read', submission.fileName);
  if (databaseTrouble(error) || fault.next === 'retry') throw error;
  if (fault.next === 'refuse') {
    await fail(ctx.store, placeOf(submission), sentenceOf(fault));
    return 'failed';
  }
  await hold(ctx.store, placeOf(submission), sentenceOf(fault));
  return 'held';
};

const applyAll = async (run: Run): Promise<Applied> => {
  await refuseOtherBytes(run);
  const reading = await readingOf(run);
  if (await heldForLook(run, reading)) return 'held';
  const kept = await applyLines(run, reading);
  if (kept === undefined) return 'stopped';
  reached('in 5 result written');
  await complete(run.ctx.store, placeOf(run.submission), kept);
  reached('in 5 complete');
  return 'complete';
};

/** The spool's bytes are the ones that were accepted; anything else is not applied in silence. */
const refuseOtherBytes = async ({ ctx: { spool }, submission }: Run): Promise<void> => {
  const { sha256 } = await digestFile(spool.pathOf(submission.spool));
  if (sha256 === submission.sha256) return;
  throw new Fault({
    operation: 'apply',
    object: submission.fileName,
    reason: 'the spool holds other bytes than were received',
    hint: 'look who has changed the spool folder, and ask the sender for the file again',
    next: 'hold',
    code: 'spool-damaged',
  });
};

/** Dialect and columns are fixed at the first chunk. */
const readingOf = async ({ ctx: { store, spool }, submission }: Run): Promise<Reading> => {
  if (submission.reading) return submission.reading;
  const format = formatOf(submission.fileName);
  if (!format) throw wrongExtension(submission.fileName);
  const { reading, notes } = await openReading(() => spool.read(submission.spool), format);
  await fixReading(store, placeOf(submission), reading, notes);
  reached('in 4 reading fixed');
  return reading;
};

/** Whether it waits until a person has looked at it, before anything of it is applied. */
const heldForLook = async ({ ctx, submission }: Run, reading: Reading): Promise<boolean> => {
  const why = await looksUnusual(ctx, submission, () => ctx.spool.read(submission.spool), reading);
  if (why !== undefined) await holdUnusual(ctx.store, placeOf(submission), why);
  return why !== undefined;
};

const wrongExtension = (fileName: string): Fault =>
  new Fault({
    operation: 'read',
    object: fileName,
    reason: 'its name does not end in .csv or .xml',
    hint: 'save it as CSV (UTF-8) under a name that ends in .csv and send it again',
    next: 'refuse',
    code: 'extension',
  });

/** All lines, with their result file. Resolves to its spool name; undefined when it was stopped. */
const applyLines = async (run: Run, reading: Reading): Promise<string | undefined> => {
  const result = await beginResult(run.ctx, run.submission.id, reading);
  try {
    if (await applyChunks(run, reading, result)) {
      reached('in 5 applied');
      return await result.keep();
    }
  } catch (error) {
    await result.drop();
    throw error;
  }
  await result.drop();
  return undefined;
};

/** Lines that are applied together. */
interface Chunk {
  groups: RecordGroup[];
  weight: number;
}

/**
 * Whether all lines are done; false when it was stopped. Chunks end where an order ends, and are bounded by weight. While
 * one is applied, or waits for its turn, the next is read.
 */
const applyChunks = async (run: Run, reading: Reading, result: ResultDraft): Promise<boolean> => {
  const { ctx, submission } = run;
  const bytes = () => ctx.spool.read(submission.spool);
  const frame = { eventType: ctx.eventType, after: submission.position };
  const { push, done, settled } = oneBehind(async (chunk: Chunk) => result.add(await applyOne(run, chunk)));
  let chunk: Chunk = { groups: [], weight: 0 };
  try {
    for await (const block of recordGroups(bytes, reading, frame)) {
      if (block.done.length > 0) await result.addDone(block.done);
      for (const group of block.groups) {
        chunk.groups.push(group);
        chunk.weight += weightOfGroup(group);
        if (chunk.weight < run.size) continue;
        await push(chunk);
        chunk = { groups: [], weight: 0 };
        if (ctx.isStopped?.()) return false;
      }
    }
    if (chunk.weight > 0) await push(chunk);
    await done();
    return true;
  } finally {
    await settled(); // how far the submission is must be known before anything else is written of it
  }
};

/** One chunk: its outcomes, once they are committed. */
const applyOne = async (run: Run, { groups, weight }: Chunk): Promise<readonly Verdict[]> => {
  const { ctx, submission } = run;
  let started = 0;
  const applied = await ctx.store.write(async (writer) => {
    started = performance.now(); // the wait for other writers does not count
    const next = await applyChunk(writer, submission, groups, ctx.eventType);
    reached('in 4 before commit');
    return next;
  });
  run.submission = applied.submission;
  reached('in 4 committed');
  const fitting = Math.round((weight * aimMs[ctx.store.kind]) / Math.max(1, performance.now() - started));
  // No more than twice as large as what was tried, so that one fast chunk does not make a far too slow one.
  const following = Math.min(sizes.largest, run.size * 2, Math.max(sizes.smallest, fitting));
  run.size = ctx.chunkLines ?? following;
  ctx.progress?.(run.submission.position);
  return applied.verdicts;
};
