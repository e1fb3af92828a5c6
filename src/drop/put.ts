import type { SafeName } from '../safe-name.ts';
import { DropFault, type Entry, type Outgoing, type PutSteps, type Seen } from './drop.ts';

/** The few moves a kind of drop must know; `putFile` makes the same dance of them for every kind. */
export interface Moves {
  /** What the drop is called in messages. */
  readonly label: string;
  look(name: SafeName): Promise<Entry | undefined>;
  /** Writes all bytes under the partial name and makes them last. */
  upload(file: Outgoing, progress: (bytes: number) => void): Promise<void>;
  /**
   * Partial name → final name. `unknown-outcome` whenever the name may have changed although no clear answer came;
   * any other fault promises that nothing was renamed.
   */
  rename(file: Outgoing): Promise<void>;
  remove(name: SafeName): Promise<void>;
}

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

const sizeFault = (label: string, name: string, found: number | undefined, file: Outgoing, held: boolean): DropFault =>
  new DropFault({
    operation: 'check the size of',
    object: `${name} at ${label}`,
    reason: `${found === undefined ? 'nothing is' : `${found} bytes are`} there, ${file.bytes} were sent`,
    hint: held ? 'somebody changed the file; look at it' : 'the server lost bytes; it is sent again',
    next: held ? 'hold' : 'retry',
    code: 'size',
  });

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

const prepare = async (moves: Moves, file: Outgoing, steps: PutSteps, replace: boolean): Promise<void> => {
  const refuseTaken = async () => {
    if (!replace && (await moves.look(file.name))) throw taken(moves.label, file.name);
  };
  await refuseTaken();
  await moves.upload(file, (bytes) => steps.progress?.(bytes));
  const partial = await moves.look(file.partial);
  if (partial?.bytes !== file.bytes) throw sizeFault(moves.label, file.partial, partial?.bytes, file, false);
  await steps.uploaded?.();
  // Once more, for servers whose rename overwrites. Before `renaming`, so that what follows it is the rename itself.
  await refuseTaken();
  await steps.renaming();
};

const confirm = async (moves: Moves, file: Outgoing): Promise<Seen> => {
  let found: Entry | undefined;
  try {
    found = await moves.look(file.name);
  } catch (error) {
    throw outcomeUnknown(moves.label, file.name, error);
  }
  if (!found) return 'no';
  if (found.bytes !== file.bytes) throw sizeFault(moves.label, file.name, found.bytes, file, true);
  return 'size';
};

/**
 * `Drop.put` for any kind of drop: look, upload, size, `uploaded`, look, `renaming`, rename, `renamed`, look. Faults
 * are those of the moves, `taken` and `size`; what a step of the caller throws is passed on as it is.
 */
export const putFile = async (moves: Moves, file: Outgoing, steps: PutSteps, replace: boolean): Promise<Seen> => {
  try {
    await prepare(moves, file, steps, replace);
    await moves.rename(file);
  } catch (error) {
    const unknown = error instanceof DropFault && error.code === 'unknown-outcome';
    // A partial name that cannot be removed now is swept after a later success; the first error is the one that counts.
    if (!unknown) await moves.remove(file.partial).catch(() => undefined);
    throw error;
  }
  await steps.renamed?.();
  return confirm(moves, file);
};
