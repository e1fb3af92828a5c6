import { digester } from '../../file/digest.ts';
import { asFault } from '../../fault.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import type { Submission } from './submission.ts';
import { findSubmission, insertSubmission, type NewSubmission } from './submissions.ts';

/** A file's bytes in the spool. */
export type Spooled = Pick<NewSubmission, 'spool' | 'bytes' | 'sha256'>;

/** Brings bytes into the spool, whole and lasting. Throws Fault `disk-full`, `read-only`, `denied`; rejects with what the source rejects with. */
export const spoolFile = async (spool: Spool, source: AsyncIterable<Buffer>): Promise<Spooled> => {
  const draft = await spool.draft();
  try {
    const { update, end } = digester();
    for await (const chunk of source) {
      update(chunk);
      await draft.handle.writeFile(chunk).catch((error: unknown) => {
        throw asFault(error, 'write to the spool', spool.folder);
      });
    }
    return { spool: await draft.keep(), ...end() };
  } catch (error) {
    await draft.drop();
    throw error;
  }
};

/** What is known of a file before its bytes. */
export type Received = Omit<NewSubmission, keyof Spooled>;

/**
 * Accepts a file by whatever channel: its bytes are in the spool, and its row is committed, when this resolves. The
 * submission is `Queued`, or `Duplicate` of an earlier one. Applying it is another step.
 */
export const acceptFile = async (
  { store, spool }: { store: Store; spool: Spool },
  received: Received,
  source: AsyncIterable<Buffer>,
): Promise<Submission> => {
  const spooled = await spoolFile(spool, source);
  const id = await store.write((writer) => insertSubmission(writer, { ...received, ...spooled }));
  const found = await findSubmission(store.read, id);
  if (!found) throw new Error(`submission ${id} is gone`);
  return found;
};
