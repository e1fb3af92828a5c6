import { Fault } from '../../fault.ts';
import { safeName, type SafeName } from '../../safe-name.ts';
import type { Spool } from '../../store/spool.ts';

/** How far a feed had come; kept in the spool too, so that a database restored to an older state is noticed. */
export interface HighWater {
  number: number;
  /** Sequence. */
  watermark: number;
}

const noteOf = (feed: string): SafeName => safeName(`feed-${feed}.json`);

const noted = async (spool: Spool, feed: string): Promise<HighWater | undefined> => {
  const text = await spool.noted(noteOf(feed));
  if (text === undefined) return undefined;
  const { number, watermark } = JSON.parse(text) as HighWater;
  return { number: Number(number), watermark: Number(watermark) };
};

/** Writes down in the spool what was frozen. It may be missing after a crash; then the batch before it is known. */
export const noteFrozen = (spool: Spool, feed: string, { number, watermark }: HighWater): Promise<void> =>
  spool.note(noteOf(feed), `${JSON.stringify({ number, watermark })}\n`);

/**
 * Throws Fault `database-older` (hold) when the spool remembers more of a feed than the database does: the database was
 * restored, and rows that partners have would go out again under numbers that were given before (hazards H6).
 */
export const refuseOlderDatabase = async (spool: Spool, feed: string, known: HighWater): Promise<void> => {
  const best = await noted(spool, feed);
  if (!best || (best.number <= known.number && best.watermark <= known.watermark)) return;
  throw new Fault({
    operation: 'run the feed',
    object: feed,
    reason: `the spool remembers batch ${best.number} up to sequence ${best.watermark}, the database only batch ${known.number} up to ${known.watermark}: it was restored to an older state`,
    hint: `restore the newer database; or, to send those rows once more, remove notes/${noteOf(feed)} from the spool`,
    next: 'hold',
    code: 'database-older',
  });
};
