import type { DropPlan, Parcel, Receipt } from './delivery.ts';

/** What was found at the drop under the names of one file. */
export interface Sight {
  /** Under the final name; without `sha256` when its bytes could not be read back. */
  final?: { bytes: number; sha256?: string };
  /** Whether the partial name of the attempt in question is there. */
  partial: boolean;
  /** The server lets nobody look, so that nothing is known of either. */
  blind?: true;
}

/** A rename that was about to be sent, and of which we have no receipt. */
export interface OpenRename {
  /**
   * `renamed`: the server had answered yes. `renaming`: we do not know whether it was sent, arrived or was done. Of a
   * straight write: `renamed` it was found whole, `renaming` it may have been begun.
   */
  phase: 'renaming' | 'renamed';
  place: string;
  /** The file's own name for a straight write, where the drop cannot rename. */
  partialName: string;
}

/** A person must look first. */
export interface Hold {
  do: 'hold';
  code: 'taken' | 'unknown-outcome' | 'place-changed' | 'no-marker';
  reason: string;
  hint: string;
}

/** What to do with one file. */
export type Verdict = { do: 'delivered'; seen: Receipt } | { do: 'upload' } | Hold;

/** A drop that cannot rename shows parts of a file; without a marker the partner could not tell. */
export const noMarker: Hold = {
  do: 'hold',
  code: 'no-marker',
  reason: 'the drop cannot rename, and this batch has no marker to say that its file is whole',
  hint: 'bring the file there in another way and settle the delivery; later batches have a marker when the feed has one',
};

/** Somebody else's, or left from another time: with it there, a growing file would look whole. */
export const markerThere: Hold = {
  do: 'hold',
  code: 'taken',
  reason: 'a marker of that name is there before its file',
  hint: 'look at it; then remove it and release the delivery, or settle it',
};

const ours = (found: { bytes: number; sha256?: string }, parcel: Parcel): boolean =>
  found.bytes === parcel.bytes && (found.sha256 === undefined || found.sha256 === parcel.sha256);

const otherBytes: Hold = {
  do: 'hold',
  code: 'taken',
  reason: 'a file of that name with other bytes is there',
  hint: 'look at it; then remove it and release the delivery, or settle it',
};

/** The place is not the one an earlier attempt worked at, so that looking there would tell nothing. */
export const placeChanged = (from: string, to: string): Hold => ({
  do: 'hold',
  code: 'place-changed',
  reason: `an attempt at ${from} has no clear end, and the drop is now ${to}`,
  hint: 'look at the old place; then settle the delivery, or resend it to the new place',
});

/**
 * After a rename without a receipt (design: commit point 5 and the paragraph after). The final name with our size, and
 * our digest where it can be read back, is delivered. Only the partial name: it was not renamed, upload again. Other
 * bytes: a person must look. Nothing: delivered if the server had said yes (the partner took it), otherwise the drop's
 * `unknown` says. A drop that is now elsewhere: a person must look. `sight` is not needed when the place has changed.
 */
export const recover = (
  open: OpenRename,
  sight: Sight,
  parcel: Parcel,
  drop: { place: string; unknown: DropPlan['unknown'] },
): Verdict => {
  if (open.place !== drop.place) return placeChanged(open.place, drop.place);
  if (open.partialName === parcel.fileName) return recoverStraight(open, sight, parcel, drop.unknown);
  if (sight.final && !ours(sight.final, parcel)) return otherBytes;
  if (sight.final) return { do: 'delivered', seen: sight.final.sha256 === undefined ? 'size' : 'digest' };
  if (sight.partial) return { do: 'upload' };
  if (open.phase === 'renamed') return { do: 'delivered', seen: sight.blind ? 'unchecked' : 'no' };
  if (drop.unknown === 'send') return { do: 'upload' };
  return mayBeTaken(
    sight.blind
      ? 'the rename had no answer, and the server lets nobody look: the file may be there, or the partner may have taken it'
      : 'the rename had no answer, and neither the file nor its partial name is there: the partner may have taken it',
  );
};

const mayBeTaken = (reason: string): Hold => ({
  do: 'hold',
  code: 'unknown-outcome',
  reason,
  hint: 'ask the partner; then settle the delivery, or release it to send the file again (or set "unknown: send")',
});

/**
 * After a straight write without a receipt. Nobody takes a file without its marker, so whatever lies there before the
 * marker is sent is ours to write over, and what is gone is sent again. A size alone does not prove a large file whole,
 * since a server may keep later bytes first; it proves a marker. The marker itself may have been taken.
 */
const recoverStraight = (
  { phase }: OpenRename,
  { final, blind }: Sight,
  parcel: Parcel,
  unknown: DropPlan['unknown'],
): Verdict => {
  const last = parcel.marker === true;
  const whole = phase === 'renamed';
  if (blind && whole) return { do: 'delivered', seen: 'unchecked' };
  if (final && !ours(final, parcel)) return whole ? otherBytes : { do: 'upload' };
  if (final?.sha256 !== undefined) return { do: 'delivered', seen: 'digest' };
  if (final) return whole || last ? { do: 'delivered', seen: 'size' } : { do: 'upload' };
  if (!last) return { do: 'upload' };
  if (whole) return { do: 'delivered', seen: 'no' };
  if (unknown === 'send') return { do: 'upload' };
  return mayBeTaken('the marker may have been written, and it is not to be seen: the partner may have taken the file');
};

/**
 * Before an upload, when no rename of ours is open. Our own bytes under the final name are delivered (size alone proves
 * it only when a rename of this file was `sent` before); other bytes are refused unless the drop replaces.
 */
export const meet = (sight: Sight, parcel: Parcel, drop: { sent: boolean; replace: boolean }): Verdict => {
  if (!sight.final) return { do: 'upload' };
  const proof = sight.final.sha256 === undefined ? 'size' : 'digest';
  if (ours(sight.final, parcel) && (proof === 'digest' || drop.sent)) return { do: 'delivered', seen: proof };
  return drop.replace ? { do: 'upload' } : otherBytes;
};
