import type { DropSpec, Entry } from '../../drop/drop.ts';

/** A place from which the files of an event type are fetched. */
export interface Inbox {
  eventTypeId: number;
  spec: DropSpec;
  /** Which names are taken: `*` any characters, `?` one; without regard to case. */
  pattern: string;
  /** How often it is looked at, milliseconds. */
  every: number;
  /** Whether a file is removed once it is accepted. */
  remove: boolean;
}

/** Names under which others keep files that are not whole, and those of receipts and results. */
const ignored = /^\.|^(receipt|result)_|\.(part|filepart|tmp)$/i;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a file of that name is for us. */
export const isForInbox = (name: string, pattern: string): boolean => {
  const parts = pattern.split(/([*?])/).map((part) => (part === '*' ? '.*' : part === '?' ? '.' : escaped(part)));
  return !ignored.test(name) && new RegExp(`^${parts.join('')}$`, 'is').test(name);
};

/** What a file looked like, and when it was last taken. Sizes in bytes, instants in milliseconds. */
export interface SeenFile {
  id: number;
  name: string;
  bytes: number;
  modifiedAt: number | null;
  goneAt: number | null;
  sha256: string | null;
  submissionId: number | null;
  takenBytes: number | null;
  takenModifiedAt: number | null;
}

/** As it is compared: some servers tell fractions of milliseconds. */
export const modifiedOf = ({ modifiedAt }: Entry): number | null =>
  modifiedAt === undefined ? null : Math.trunc(modifiedAt);

/**
 * What to do with a file that is there. `remember`: it is new or has changed since the look before, and is looked at once
 * more; `take`: size and time are those of the look before; `remove`: it was taken and may go; `leave`: it was taken.
 */
export const stepFor = (
  entry: Entry,
  seen: SeenFile | undefined,
  remove: boolean,
): 'remember' | 'take' | 'remove' | 'leave' => {
  const modifiedAt = modifiedOf(entry);
  if (!seen || seen.goneAt !== null || seen.bytes !== entry.bytes || seen.modifiedAt !== modifiedAt) return 'remember';
  const taken = seen.submissionId !== null && seen.takenBytes === entry.bytes && seen.takenModifiedAt === modifiedAt;
  if (!taken) return 'take';
  return remove ? 'remove' : 'leave';
};

/** Files in the order in which they are accepted: the oldest first. */
export const inOrder = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((a, b) => (modifiedOf(a) ?? 0) - (modifiedOf(b) ?? 0) || (a.name < b.name ? -1 : 1));
