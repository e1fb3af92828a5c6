import type { Attempt } from './attempts.ts';
import type { Parcel } from './delivery.ts';
import type { OpenRename } from './recover.ts';

/** What the earlier attempts of a delivery say about the next one. */
export interface History {
  /** Index of the first parcel without confirmation: an attempt goes on there, and files that are done are not sent again. */
  next: number;
  /** A rename of that parcel without a receipt, which nobody has looked into since. */
  open?: OpenRename;
  /**
   * The place at which a straight write of that parcel was begun and not found whole: what lies there under its name is
   * ours to write over.
   */
  begunAt?: string;
  /** Whether a rename of that parcel was ever sent, so that our bytes may be there. */
  sent: boolean;
  /** Where the last attempt that changed anything worked. */
  place?: string;
  /** Failed attempts since it was planned, released or resent. */
  tries: number;
}

const isNote = ({ phase }: Attempt): boolean => phase === 'released' || phase === 'resent';
const touched = ({ phase }: Attempt): boolean => phase !== 'looking' && phase !== 'released' && phase !== 'resent';

/** Written under its final name from the start. */
const isStraight = ({ fileName, partialName }: Attempt): boolean => partialName === fileName;

const openRename = ({ phase, place, partialName }: Attempt): OpenRename | undefined =>
  phase === 'renaming' || phase === 'renamed' ? { phase, place, partialName } : undefined;

/**
 * Reads the rows before the current attempt. One row tells of one file: an attempt turns to the next file only when the
 * one before is confirmed, so the last row that touched the drop says how far the whole delivery is. What came before a
 * resend no longer counts.
 */
export const historyOf = (earlier: readonly Attempt[], parcels: readonly Parcel[]): History => {
  const since = earlier.slice(earlier.findLastIndex(({ phase }) => phase === 'resent') + 1);
  const round = since.slice(since.findLastIndex(isNote) + 1);
  const tries = round.filter(({ outcome }) => outcome !== 'abandoned').length;
  const last = since.findLast(touched);
  if (!last) return { next: 0, sent: false, tries };
  const inHand = parcels.findIndex(({ fileName }) => fileName === last.fileName);
  const next = last.phase === 'confirmed' ? inHand + 1 : Math.max(inHand, 0);
  const released = since.findLastIndex(isNote) > since.lastIndexOf(last);
  const open = released ? undefined : openRename(last);
  const renames = since.filter((row) => row.fileName === parcels[next]?.fileName && openRename(row) !== undefined);
  const latest = renames.at(-1);
  const begun = latest && isStraight(latest) && latest.phase === 'renaming' ? { begunAt: latest.place } : {};
  return { next, sent: renames.length > 0, place: last.place, tries, ...(open && { open }), ...begun };
};

/** The names under which earlier attempts may have left unfinished bytes at this place; never a final name. */
export const leftovers = (earlier: readonly Attempt[], place: string): string[] => [
  ...new Set(
    earlier
      .filter((row) => touched(row) && row.place === place && row.partialName !== '' && !isStraight(row))
      .map((row) => row.partialName),
  ),
];
