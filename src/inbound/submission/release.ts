import { Fault } from '../../fault.ts';
import type { Store } from '../../store/store.ts';
import type { Submission } from './submission.ts';
import { findSubmission } from './submissions.ts';

const refused = (id: number, reason: string, hint: string, code: string): Fault =>
  new Fault({ operation: 'release', object: `submission ${id}`, reason, hint, next: 'refuse', code });

/**
 * Duplicate or Held → Queued: a person has looked, and it is processed after all; one that was held goes on where it
 * stopped. Fault (refuse) `missing`, `expired`, or `not-held` for any other status.
 */
export const releaseSubmission = (store: Store, id: number): Promise<Submission> =>
  store.write(async ({ knex }) => {
    const count = await knex('submissions')
      .where({ id })
      .whereIn('status', ['Duplicate', 'Held'])
      .whereNull('expired_at')
      .update({ status: 'Queued', error: null, completed_at: null });
    const found = await findSubmission(knex, id);
    if (!found) throw refused(id, 'there is no such submission', 'list them: nightdrop submissions', 'missing');
    if (found.expiredAt !== null)
      throw refused(id, 'its bytes were let go of after retention.submissions', 'submit the file again', 'expired');
    if (count === 0)
      throw refused(id, `it is ${found.status}`, 'only one that is Duplicate or Held can be released', 'not-held');
    return found;
  });
