import { asFault, Fault } from '../../fault.ts';
import type { Log } from '../../log.ts';
import { safeName, type SafeName } from '../../safe-name.ts';
import { databaseId } from '../../store/identity.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';

/** How far a feed had come; kept in the spool too, so that a database restored to an older state is noticed. */
export interface HighWater {
  number: number;
  /** Sequence. */
  watermark: number;
}

/** Where the two memories are, and who hears of a note that could not be written. */
interface Memories {
  store: Store;
  spool: Spool;
  log?: Log;
}

/** `database` is missing in notes that are older than migration 0007. */
interface Note extends HighWater {
  database?: string;
}

const noteOf = (feed: string): SafeName => safeName(`feed-${feed}.json`);

const noted = async (spool: Spool, feed: string): Promise<Note | undefined> => {
  const text = await spool.noted(noteOf(feed));
  if (text === undefined) return undefined;
  const { number, watermark, database } = JSON.parse(text) as Note;
  return { number: Number(number), watermark: Number(watermark), ...(database !== undefined && { database }) };
};

const write = async ({ store, spool }: Memories, feed: string, { number, watermark }: HighWater): Promise<void> =>
  spool.note(noteOf(feed), `${JSON.stringify({ number, watermark, database: await databaseId(store) })}\n`);

/**
 * Writes down in the spool what was frozen. Never rejects, for the batch stands without it: a note that could not be
 * written is logged, and the next run writes it (`refuseOlderDatabase`).
 */
export const noteFrozen = async (memories: Memories, feed: string, frozen: HighWater): Promise<void> => {
  try {
    await write(memories, feed, frozen);
  } catch (error) {
    const { message, hint, code } = asFault(error, 'write to the spool', noteOf(feed));
    memories.log?.warn({ feed, number: frozen.number, code, error: message, hint }, 'the spool has no note of it yet');
  }
};

/**
 * Throws Fault `database-older` (hold) when the spool remembers more of a feed than the database does: the database was
 * restored, and rows that partners have would go out again under numbers that were given before (hazards H6). Fault
 * `database-other` (hold) when it is another database's spool that remembers more. A note that is behind is written anew.
 */
export const refuseOlderDatabase = async (memories: Memories, feed: string, known: HighWater): Promise<void> => {
  const best = await noted(memories.spool, feed);
  const own = await databaseId(memories.store);
  const isOurs = best?.database === undefined || best.database === own;
  if (best && (best.number > known.number || best.watermark > known.watermark))
    throw isOurs ? older(feed, best, known) : other(feed, best);
  const isCurrent = best?.database === own && best.number === known.number && best.watermark === known.watermark;
  if (known.number > 0 && !isCurrent) await noteFrozen(memories, feed, known);
};

const older = (feed: string, best: HighWater, known: HighWater): Fault =>
  new Fault({
    operation: 'run the feed',
    object: feed,
    reason: `the spool remembers batch ${best.number} up to sequence ${best.watermark}, the database only batch ${known.number} up to ${known.watermark}: it was restored to an older state`,
    hint: `restore the newer database; or, to send those rows once more, remove notes/${noteOf(feed)} from the spool`,
    next: 'hold',
    code: 'database-older',
  });

const other = (feed: string, best: HighWater): Fault =>
  new Fault({
    operation: 'run the feed',
    object: feed,
    reason: `the spool belongs to another database, in which this feed came to batch ${best.number}`,
    hint: `give this database a spool of its own (spool.folder); or, to begin anew with number 1, remove notes/${noteOf(feed)} from the spool`,
    next: 'hold',
    code: 'database-other',
  });

/**
 * For a database that is known to be new: notes of another one about these feeds no longer count. Resolves to the feeds
 * that had one.
 */
export const forgetOtherDatabases = async (memories: Memories, feeds: readonly string[]): Promise<string[]> => {
  const own = await databaseId(memories.store);
  const forgotten: string[] = [];
  for (const feed of feeds) {
    const note = await noted(memories.spool, feed);
    if (note?.database === undefined || note.database === own) continue;
    await write(memories, feed, { number: 0, watermark: 0 });
    forgotten.push(feed);
  }
  return forgotten;
};
