import type { Layout } from './layout.ts';
import type { Membership } from './selection.ts';

/** A companion of a batch: another file of it, uploaded after the batch's own. */
export interface Companion {
  /** `part`: a further file of rows, where the batch was split. */
  kind: 'part' | 'sha256' | 'manifest' | 'marker';
  fileName: string;
  spool: string;
  bytes: number;
  sha256: string;
}

/**
 * One frozen file of a feed. Nothing of it ever changes, but for `expiredAt` when its bytes leave the spool. A manual
 * export is kept as a batch too, without number and range: it is no part of the feed's promise.
 */
export interface Batch {
  id: number;
  feed: string;
  kind: 'feed' | 'manual';
  number: number | null;
  /** Due time of its occurrence, milliseconds. */
  occurrence: number | null;
  fromSequence: number | null;
  toSequence: number | null;
  rows: number;
  /** Fingerprint of its members (`members.ts`). */
  members: string;
  membership: Membership;
  layout: Layout;
  fileName: string;
  spool: string;
  bytes: number;
  sha256: string;
  frozenAt: number;
  expiredAt: number | null;
  companions: Companion[];
}

/** How many rows each file of a batch holds, its own first and then its parts: every one but the last is full. */
export const rowsOfFiles = ({ rows, layout, companions }: Pick<Batch, 'rows' | 'layout' | 'companions'>): number[] => {
  const parts = 1 + companions.filter(({ kind }) => kind === 'part').length;
  const full = layout.split?.rows ?? rows;
  return Array.from({ length: parts }, (_, index) => Math.min(full, rows - index * full));
};
