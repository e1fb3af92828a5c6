import type { Spool } from '../../store/spool.ts';
import { int, type Row, type Store } from '../../store/store.ts';
import type { SubmissionStatus } from './submission.ts';

const ended: SubmissionStatus[] = ['Complete', 'Failed', 'Duplicate'];

const atATime = 100;

/** Whether another submission of the same mail, for another recipient, still needs the file. */
const isShared = async ({ read }: Store, messageId: unknown, spool: string): Promise<boolean> =>
  messageId !== null &&
  (await read('submissions')
    .where({ message_id: String(messageId), spool })
    .whereNull('expired_at')
    .first('id')) !== undefined;

/**
 * Lets go of the files of submissions that ended before `before` (milliseconds), at most 100 at a time; what became of
 * each line stays, and so does the digest. Resolves to how many.
 */
export const expireSubmissions = async (store: Store, spool: Spool, before: number, now: number): Promise<number> => {
  const rows = (await store
    .read('submissions')
    .whereIn('status', ended)
    .whereNull('expired_at')
    .where('completed_at', '<', before)
    .orderBy('id')
    .limit(atATime)
    .select('id', 'message_id', 'spool', 'result_spool')) as Row[];
  for (const row of rows) {
    const id = int(row['id']);
    // First the word, then the deed: a crash in between leaves files that the sweep finds.
    const count = await store.write(({ knex }) =>
      knex('submissions').where({ id }).whereIn('status', ended).whereNull('expired_at').update({ expired_at: now }),
    );
    if (count === 0) continue;
    if (!(await isShared(store, row['message_id'], String(row['spool'])))) await spool.remove(String(row['spool']));
    if (row['result_spool'] !== null) await spool.remove(String(row['result_spool']));
  }
  return rows.length;
};
