import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { SafeName } from '../safe-name.ts';
import { DropFault, type Drop, type DropOptions, type Entry, type Outgoing, type PutSteps, type Seen } from './drop.ts';

/** The few moves a kind of drop must know; `putFile` makes the same dance of them for every kind. */
export interface Moves {
  /** What the drop is called in messages. */
  readonly label: string;
  /** A rename onto a name that exists may overwrite it: where nobody may look before it, it needs `replace`. */
  readonly overwrites?: true;
  /** As `Drop.look`. Fault `blind` when the server lets nobody look. */
  look(name: SafeName, most?: number): Promise<Entry | undefined>;
  /** Writes all bytes under the partial name and makes them last. A straight write has its final name as partial name. */
  upload(file: Outgoing, progress: (bytes: number) => void): Promise<void>;
  /**
   * Partial name → final name. `unknown-outcome` whenever the name may have changed although no clear answer came;
   * any other fault promises that nothing was renamed.
   */
  rename(file: Outgoing): Promise<void>;
  remove(name: SafeName): Promise<void>;
  /** The bytes of a file, for `confirm: digest`. */
  fetch?(name: SafeName): Promise<Readable>;
}

/** A drop whose single moves can be asked for, as the doctor does. */
export interface MovingDrop extends Drop {
  readonly moves: Moves;
}

/** How a drop wants its files put. */
export type PutOptions = Pick<DropOptions, 'replace' | 'rename' | 'confirm'>;

/** Whether this file is written under its final name from the start, because the drop cannot rename. */
export const isStraight = (file: Outgoing): boolean => file.partial === file.name;

/** Whether opening the file for writing must refuse a name that exists: a straight write that nobody began before. */
export const mustBeNew = (file: Outgoing, replace: boolean): boolean =>
  isStraight(file) && file.begun !== true && !replace;

/** The fault for a final name that exists. */
export const taken = (label: string, name: string, cause?: unknown): DropFault =>
  new DropFault({
    operation: 'put',
    object: `${name} at ${label}`,
    reason: 'a file of that name is already there',
    hint: 'look at it: remove it, settle the delivery, or set "replace: true" for this drop',
    next: 'hold',
    code: 'taken',
    cause,
  });

const notWhole = (label: string, name: string, reason: string, held: boolean): DropFault =>
  new DropFault({
    operation: 'check the size of',
    object: `${name} at ${label}`,
    reason,
    hint: held
      ? 'somebody changed the file; look at it'
      : 'the server lost bytes (some do when a quota is used up); it is sent again',
    next: held ? 'hold' : 'retry',
    code: 'size',
  });

const sizeFault = (label: string, name: string, found: number | undefined, file: Outgoing, held: boolean): DropFault =>
  notWhole(
    label,
    name,
    `${found === undefined ? 'nothing is' : `${found} bytes are`} there, ${file.bytes} were sent`,
    held,
  );

/** After the rename was sent nothing may be sent again before somebody has looked. */
const outcomeUnknown = (label: string, name: string, cause: unknown): DropFault =>
  new DropFault({
    operation: 'look at',
    object: `${name} at ${label}`,
    reason: `the rename was accepted, but then: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'the file is looked for before anything is sent again',
    next: 'retry',
    code: 'unknown-outcome',
    cause,
  });

/** Refuses a final name that exists. Where nobody may look and nobody need confirm, the rename itself must refuse it, or `replace` be set. */
const refuseTaken = async (moves: Moves, file: Outgoing, { replace, confirm }: PutOptions): Promise<void> => {
  if (replace) return;
  const found = await moves.look(file.name).catch((error: unknown) => {
    const nobodyMayLook = error instanceof DropFault && error.code === 'blind';
    if (nobodyMayLook && confirm === 'none' && !moves.overwrites) return undefined;
    throw error;
  });
  if (found) throw taken(moves.label, file.name);
};

/** Reads a file back; more than `bytes` of it are not wanted, and a server may send without end. */
const digestOf = async (moves: Moves, name: SafeName, bytes: number): Promise<string | undefined> => {
  if (!moves.fetch) return undefined;
  const digest = createHash('sha256');
  let read = 0;
  for await (const piece of (await moves.fetch(name)) as AsyncIterable<Buffer>) {
    digest.update(piece);
    if ((read += piece.length) > bytes) break;
  }
  return digest.digest('hex');
};

/** How the bytes just written are found whole; undefined when nothing is there. Fault `size` when they are not. */
const checkWritten = async (
  moves: Moves,
  file: Outgoing,
  confirm: DropOptions['confirm'],
): Promise<Exclude<Seen, 'no'> | undefined> => {
  if (confirm === 'none') return 'unchecked';
  const found = await moves.look(file.partial, file.bytes);
  if (!found) return undefined;
  if (found.bytes !== file.bytes) throw sizeFault(moves.label, file.partial, found.bytes, file, false);
  if (confirm !== 'digest') return 'size';
  const digest = await digestOf(moves, file.partial, file.bytes);
  if (digest === undefined) return 'size';
  if (digest !== file.sha256)
    throw notWhole(moves.label, file.partial, 'its bytes are not those that were sent', false);
  return 'digest';
};

const prepare = async (
  moves: Moves,
  file: Outgoing,
  steps: PutSteps,
  options: PutOptions,
): Promise<Exclude<Seen, 'no'>> => {
  await refuseTaken(moves, file, options);
  await moves.upload(file, (bytes) => steps.progress?.(bytes));
  const seen = await checkWritten(moves, file, options.confirm);
  if (seen === undefined) throw sizeFault(moves.label, file.partial, undefined, file, false);
  await steps.uploaded?.();
  // Once more, for servers whose rename overwrites. Before `renaming`, so that what follows it is the rename itself.
  await refuseTaken(moves, file, options);
  await steps.renaming();
  return seen;
};

const confirmRenamed = async (moves: Moves, file: Outgoing, before: Exclude<Seen, 'no'>): Promise<Seen> => {
  if (before === 'unchecked') return before;
  let found: Entry | undefined;
  try {
    found = await moves.look(file.name, file.bytes);
  } catch (error) {
    throw outcomeUnknown(moves.label, file.name, error);
  }
  if (!found) return 'no';
  if (found.bytes !== file.bytes) throw sizeFault(moves.label, file.name, found.bytes, file, true);
  return before;
};

/**
 * For drops that cannot rename: from `renaming` on the final name may exist, with a part of the file or all of it.
 * `renamed` says that it is whole. What a failure leaves there is written over by the next attempt (`begun`).
 */
const putStraight = async (moves: Moves, file: Outgoing, steps: PutSteps, options: PutOptions): Promise<Seen> => {
  if (file.begun !== true) await refuseTaken(moves, file, options);
  await steps.renaming();
  await moves.upload(file, (bytes) => steps.progress?.(bytes));
  const seen = await checkWritten(moves, file, options.confirm);
  await steps.uploaded?.();
  await steps.renamed?.();
  return seen ?? 'no';
};

/**
 * `Drop.put` for any kind of drop: look, upload, size, `uploaded`, look, `renaming`, rename, `renamed`, look; or, for a
 * straight write: look, `renaming`, upload, size, `uploaded`, `renamed`. Faults are those of the moves, `taken` and
 * `size`; what a step of the caller throws is passed on as it is.
 */
export const putFile = async (moves: Moves, file: Outgoing, steps: PutSteps, options: PutOptions): Promise<Seen> => {
  if (isStraight(file)) return putStraight(moves, file, steps, options);
  let seen: Exclude<Seen, 'no'>;
  try {
    seen = await prepare(moves, file, steps, options);
    await moves.rename(file);
  } catch (error) {
    const unknown = error instanceof DropFault && error.code === 'unknown-outcome';
    // A partial name that cannot be removed now is swept after a later success; the first error is the one that counts.
    if (!unknown) await moves.remove(file.partial).catch(() => undefined);
    throw error;
  }
  await steps.renamed?.();
  return confirmRenamed(moves, file, seen);
};
