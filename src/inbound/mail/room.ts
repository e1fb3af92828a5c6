import { statfs } from 'node:fs/promises';
import { asFault, Fault } from '../../fault.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';

/** How many of the largest mails must still fit on the disk when one is begun. */
const reserve = 4;

/**
 * Whether the disk has room for some mails of `bytes`. Throws Fault (retry) `disk-full` before it is so full that the
 * database beside the spool would suffer.
 */
export const seeToDisk = async (spool: Spool, bytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(spool.folder).catch((error: unknown) => {
    throw asFault(error, 'write to the spool', spool.folder);
  });
  if (bavail * bsize < reserve * bytes)
    throw new Fault({
      operation: 'write to the spool',
      object: spool.folder,
      reason: `there is room for fewer than ${reserve} mails of the largest size`,
      hint: 'free some space; mail that was refused comes again by itself',
      next: 'retry',
      code: 'disk-full',
    });
};

/** Whether a mail of at most `bytes` can be begun now. Throws as `seeToDisk`, and what the database answers with. */
export const seeToRoom = async ({ store, spool }: { store: Store; spool: Spool }, bytes: number): Promise<void> => {
  await seeToDisk(spool, bytes);
  await store.read.raw('select 1');
};
