import { DropFault, type DropCode } from './drop.ts';
import type { Next } from '../fault.ts';

/** What was being done when something failed. */
export interface Step {
  /** A verb phrase: "rename", "sign in to". */
  operation: string;
  /** A drop, or a file at a drop. */
  object: string;
  /** Whether it is about a file in the folder (a missing one is `missing`) or the folder itself (then `folder`). */
  inFolder: boolean;
}

/** One line of a table of errors: what they mean at a drop and what happens next. `reason` undefined: the server's own words. */
export interface Meaning {
  code: DropCode;
  next: Next;
  hint: string;
  reason?: string;
}

/** Meanings that more than one kind of drop needs. */
export const meanings = {
  denied: {
    code: 'denied',
    next: 'hold',
    reason: 'permission denied',
    hint: "ask for write permission in the drop's folder",
  },
  missing: { code: 'missing', next: 'retry', reason: 'no such file', hint: 'somebody removed it; it is tried again' },
  folder: { code: 'folder', next: 'hold', reason: 'the folder is not there', hint: 'create it, or correct "folder"' },
  full: {
    code: 'disk-full',
    next: 'retry',
    reason: 'no space or quota left',
    hint: 'space must be freed at the drop; it is tried again',
  },
  busy: {
    code: 'busy',
    next: 'retry',
    reason: 'the server has as many sessions as it allows',
    hint: 'it is tried again; if it stays, set "sessions: 1" for this drop, or ask the partner for more',
  },
  readOnly: { code: 'denied', next: 'hold', reason: 'the file system is read-only', hint: 'make it writable' },
  taken: {
    code: 'taken',
    next: 'hold',
    reason: 'a file of that name is already there',
    hint: 'remove it, or set "replace: true"',
  },
} as const satisfies Record<string, Meaning>;

/** The fault a meaning makes of a failed step. */
export const faultOf = (meaning: Meaning, step: Step, words: string, cause: unknown): DropFault =>
  new DropFault({
    operation: step.operation,
    object: step.object,
    reason: meaning.reason === undefined ? words : meaning.reason,
    hint: meaning.hint,
    next: meaning.next,
    code: meaning.code,
    cause,
  });

export const timeoutFault = (step: Step, ms: number, hint: string): DropFault =>
  faultOf({ code: 'timeout', next: 'retry', hint }, step, `no progress for ${ms} ms`, undefined);

/** What a rename without a clear answer becomes: nothing may be sent again before somebody has looked. */
export const outcomeUnknown = (step: Step, cause: unknown): DropFault => {
  const words = cause instanceof Error ? cause.message : String(cause);
  const hint = 'the file is looked for before anything is sent again';
  return faultOf({ code: 'unknown-outcome', next: 'retry', hint }, step, words, cause);
};

/** A server that lets nobody look: whoever wants to deliver there must say so. */
export const blindFault = (step: Step, cause: unknown): DropFault =>
  faultOf(
    {
      code: 'blind',
      next: 'hold',
      reason: 'the server lets nobody look whether a file is there, by name, in a list or by reading it',
      hint: 'ask for the right to list or read the folder; if there is none to be had, set "confirm: none" for this drop (over FTPS with "replace: true")',
    },
    step,
    '',
    cause,
  );
