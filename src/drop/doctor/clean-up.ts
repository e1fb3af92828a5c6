import type { SafeName } from '../../safe-name.ts';
import type { Drop } from '../drop.ts';
import type { Exam } from './exam.ts';
import { saysBusy, whileBusy } from './network.ts';

const removeAll = async (drop: Drop, left: Set<SafeName>): Promise<void> => {
  for (const name of [...left])
    await drop.remove(name).then(
      () => left.delete(name),
      () => undefined,
    );
};

/** Over a new connection, for when the old one has gone. */
const removeAnew = async ({ reopen, left }: Exam): Promise<void> => {
  const drop = await whileBusy(reopen, saysBusy, undefined);
  await removeAll(drop, left).finally(() => drop.close());
};

/** Removes whatever of ours may still lie at the drop, also after the examination was told to stop. */
export const cleanUp = async (exam: Exam, drop: Drop | undefined): Promise<void> => {
  const { run, left } = exam;
  await run.attempt('clean-up', async () => {
    if (left.size === 0) return { detail: 'nothing of ours is left' };
    if (drop) await removeAll(drop, left);
    // A server may let us in once at a time.
    if (left.size > 0) await drop?.close();
    if (left.size > 0) await removeAnew(exam).catch(() => undefined);
    if (left.size === 0) return { detail: 'what was left is removed' };
    const names = [...left].join(', ');
    const cause = `these files may still lie in the folder: ${names}`;
    return { result: 'failed', detail: '', cause, hint: 'remove them, or ask the partner to' };
  });
};
