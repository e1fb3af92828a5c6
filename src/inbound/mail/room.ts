import { statfs } from 'node:fs/promises';
import { asFault, Fault } from '../../fault.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';

/** How many of the largest mails must still fit on the disk when one is begun. */
const reserve = 4;

/** For how long it is remembered that all was well, milliseconds: mails that come faster do not each ask again. */
const rememberedMs = 250;

/** Whether a mail can be taken now. */
export interface Room {
  /**
   * Whether the disk has room for some mails of `bytes`. Throws Fault (retry) `disk-full` before it is so full that the
   * database beside the spool would suffer.
   */
  seeToDisk(bytes: number): Promise<void>;
  /** Whether a mail of at most `bytes` can be begun now. Throws as `seeToDisk`, and what the database answers with. */
  seeToAll(bytes: number): Promise<void>;
  /** There was trouble: what is remembered counts no more. */
  forget(): void;
}

const seeToDisk = async ({ folder }: Spool, bytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    throw asFault(error, 'write to the spool', folder);
  });
  if (bavail * bsize < reserve * bytes)
    throw new Fault({
      operation: 'write to the spool',
      object: folder,
      reason: `there is room for fewer than ${reserve} mails of the largest size`,
      hint: 'free some space; mail that was refused comes again by itself',
      next: 'retry',
      code: 'disk-full',
    });
};

/** `monotonicMs`: a clock that nobody sets. */
export const makeRoom = (
  { store, spool }: { store: Store; spool: Spool },
  monotonicMs = () => performance.now(),
): Room => {
  let well: { bytes: number; at: number } | undefined;
  return {
    seeToDisk: (bytes) => seeToDisk(spool, bytes),
    seeToAll: async (bytes) => {
      const at = monotonicMs();
      if (well && bytes <= well.bytes && at - well.at < rememberedMs) return;
      await seeToDisk(spool, bytes);
      await store.read.raw('select 1');
      well = { bytes, at };
    },
    forget: () => void (well = undefined),
  };
};
