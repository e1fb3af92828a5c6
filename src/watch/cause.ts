import { oneLine } from '../fault.ts';

/**
 * `held` deliveries wait for a person; `late` a file is not where it should be; `pickup` the partner takes none; `feed`
 * cannot run; `submission` a received file failed or waits; `missing` none came; `inbox` cannot be read.
 */
export const alertKinds = ['held', 'late', 'pickup', 'feed', 'submission', 'missing', 'inbox'] as const;
export type AlertKind = (typeof alertKinds)[number];

/** Something that is wrong now and that somebody should hear of once, however many files it concerns. */
export interface Cause {
  /** The same as long as it is the same trouble. */
  key: string;
  kind: AlertKind;
  /** One line: where, and what. */
  subject: string;
  text: string;
  /** What to do about it. */
  hint: string;
}

const longest = 600;

/** A text as an alert may carry it. */
export const words = (text: string): string => oneLine(text, longest);

/** An instant as people read it: `2026-11-21 02:00:00 UTC`. */
export const moment = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');

/** `1 file`, `3 files`. */
export const plural = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;
