import type { DropFault, Outgoing } from '../drop.ts';
import type { MovingDrop } from '../put.ts';
import { codeOf, type Exam, send } from './exam.ts';
import type { Finding } from './report.ts';
import { size } from './text.ts';

/** A rename that the server will not do, as against one that went wrong. */
const declined = (error: unknown): error is DropFault => ['denied', 'refused'].includes(codeOf(error) ?? '');

const rename = async ({ left, facts, spec }: Exam, drop: MovingDrop, file: Outgoing): Promise<void> => {
  left.add(file.name);
  try {
    await drop.moves.rename(file);
  } catch (error) {
    // With a folder of their own for files in flight, that folder is the first suspect.
    if (declined(error) && spec.partialFolder === undefined) facts.cannotRename = true;
    throw error;
  }
  left.delete(file.partial);
};

const whole = async ({ learned }: Exam, drop: MovingDrop, file: Outgoing): Promise<Finding> => {
  if (learned.looks === 'not') return { detail: 'the server said yes; nobody may look' };
  const found = await drop.moves.look(file.name, file.bytes);
  if (found?.bytes === file.bytes) return { detail: `${size(file.bytes)} under the final name` };
  if (found)
    return {
      result: 'failed',
      detail: '',
      cause: 'the file has another size after the rename',
      hint: 'ask the partner',
    };
  return {
    result: 'note',
    detail: 'the server said yes, and nothing is there',
    cause: 'either somebody takes files at once, or the server renames to somewhere else',
    hint: 'ask the partner which; a delivery then ends as "delivered, not seen"',
  };
};

/** For a drop that writes files straight: whether it really cannot rename. */
const tryNeedless = async (exam: Exam, drop: MovingDrop, file: Outgoing): Promise<Finding> => {
  const other = await exam.probes.make(0, { straight: true });
  try {
    await rename(exam, drop, { ...file, name: other.name });
  } catch (error) {
    if (!declined(error)) throw error;
    return { detail: 'it refuses; "rename: false" is right' };
  }
  return {
    result: 'note',
    detail: 'it renames',
    cause: 'this server can rename, and the drop is set up as if it could not',
    hint: 'leave "rename: false" out, so that a partner sees a final name only when the file is whole',
  };
};

/** Partial name → final name. */
const tryRename = (exam: Exam, drop: MovingDrop, file: Outgoing): Promise<boolean> =>
  exam.run.attempt('rename', async () => {
    if (exam.spec.rename === false) return tryNeedless(exam, drop, file);
    await rename(exam, drop, file);
    return whole(exam, drop, file);
  });

const replaced: Finding = {
  result: 'note',
  detail: 'what was there was replaced',
  cause: 'a rename of this server overwrites',
  hint: 'nothing to set: Nightdrop looks just before it renames, and only a file that comes in that moment would be replaced',
};

const howReplaced = ({ learned }: Exam): string =>
  learned.renames === 'refuses'
    ? 'replaced, as "replace: true" wants it: the old file is removed just before'
    : 'replaced, as "replace: true" wants it, in one step';

/** A second file onto the final name of the first: refused, or replaced? */
const tryTaken = (exam: Exam, drop: MovingDrop, first: Outgoing): Promise<boolean> =>
  exam.run.attempt('taken', async () => {
    const second = await exam.probes.make(1000);
    await send(exam, drop, second);
    // So that the server itself is asked: some drops would look first and not ask.
    if (!exam.spec.replace) exam.learned.renames = 'refuses';
    try {
      await rename(exam, drop, { ...second, name: first.name });
    } catch (error) {
      if (codeOf(error) !== 'taken') throw error;
      return { detail: 'refused: a file that is there is not overwritten' };
    }
    if (exam.spec.replace) return { detail: howReplaced(exam) };
    exam.learned.renames = 'replaces';
    return replaced;
  });

/** The rename, and what one onto a name that exists would do. */
export const tryRenames = async (exam: Exam, drop: MovingDrop, file: Outgoing): Promise<void> => {
  const straight = exam.spec.rename === false;
  const renamed = await tryRename(exam, drop, file);
  if (renamed && !straight) await tryTaken(exam, drop, file);
  else exam.run.skip('taken', straight ? 'files of this drop are not renamed' : 'it cannot rename');
};
