import { expireSubmissions } from '../src/inbound/submission/expiry.ts';
import type { Job } from './job.ts';
import { everyHours } from './now-and-then.ts';

/** Lets go of the files of submissions that ended longer ago than `retention.submissions`; outcomes and digests stay. */
export const makeExpireSubmissionFiles = (): Job => ({
  name: 'expire-submission-files',
  part: 'work',
  seconds: 30,
  run: everyHours(1, async ({ store, spool, clock, keepSubmissions, log }) => {
    const now = clock.now();
    for (let expired = 1; expired > 0;) {
      expired = await expireSubmissions(store, spool, now - keepSubmissions, now);
      if (expired > 0) log.info({ submissions: expired }, 'files of submissions have expired');
    }
  }),
});
