import type { Knex } from 'knex';
import { Fault } from '../../fault.ts';
import type { Store } from '../../store/store.ts';
import type { Submission } from './submission.ts';
import { findSubmission, newestThatApplied } from './submissions.ts';

const refused = (id: number, reason: string, hint: string, code: string): Fault =>
  new Fault({ operation: 'release', object: `submission ${id}`, reason, hint, next: 'refuse', code });

export interface ReleaseOptions {
  /** Also when later submissions have changed the ledger, whose values may then give way to older ones. */
  anyway?: boolean;
  /** `releases` as a page showed it: one that was released and held again since is refused (`stale`). */
  shown?: number;
}

const isHeld = ({ status }: Submission): boolean => status === 'Duplicate' || status === 'Held';

/** Its older values would go over the newer ones of a submission that came later. */
const refuseOvertaken = async (knex: Knex, found: Submission): Promise<void> => {
  const later = found.check ? undefined : await newestThatApplied(knex, found);
  if (!later) return;
  throw new Fault({
    operation: 'release',
    object: `submission ${found.id}`,
    reason: `submission ${later.id} (${later.fileName}) came later and has changed actions, and this one is older`,
    hint: 'send the file again instead; or release it with --anyway if its values are to replace newer ones',
    next: 'hold',
    code: 'overtaken',
  });
};

/**
 * Duplicate or Held → Queued: a person has looked, and it is processed after all; one that was held goes on where it
 * stopped. Fault (refuse) `missing`, `expired`, `stale`, or `not-held` for any other status; Fault (hold) `overtaken` when a later
 * submission of the event type has changed the ledger.
 */
export const releaseSubmission = (
  store: Store,
  id: number,
  { anyway = false, shown }: ReleaseOptions = {},
): Promise<Submission> =>
  store.write(async ({ knex }) => {
    const count = await knex('submissions')
      .where({ id, ...(shown !== undefined && { releases: shown }) })
      .whereIn('status', ['Duplicate', 'Held'])
      .whereNull('expired_at')
      .update({ status: 'Queued', error: null, completed_at: null, releases: knex.raw('releases + 1') });
    const found = await findSubmission(knex, id);
    if (!found) throw refused(id, 'there is no such submission', 'list them: nightdrop submissions', 'missing');
    if (found.expiredAt !== null)
      throw refused(id, 'its bytes were let go of after retention.submissions', 'submit the file again', 'expired');
    if (count === 0 && shown !== undefined && shown !== found.releases && isHeld(found))
      throw refused(id, `it was released and held again: ${found.error ?? found.status}`, 'look at it anew', 'stale');
    if (count === 0)
      throw refused(id, `it is ${found.status}`, 'only one that is Duplicate or Held can be released', 'not-held');
    if (!anyway) await refuseOvertaken(knex, found);
    return found;
  });
