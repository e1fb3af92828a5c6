import { expireBatches } from '../src/outbound/feed/expiry.ts';
import type { Job } from './job.ts';
import { everyHours } from './now-and-then.ts';

/** Lets go of the bytes of delivered batches that are older than `retention.batchFiles`; their rows and digests stay. */
export const makeExpireBatchFiles = (): Job => ({
  name: 'expire-batch-files',
  part: 'work',
  seconds: 30,
  run: everyHours(1, async ({ store, spool, clock, keepBatchFiles, log }) => {
    const now = clock.now();
    const before = now - keepBatchFiles;
    for (let expired = 1; expired > 0;) {
      expired = await expireBatches(store, spool, before, now);
      if (expired > 0) log.info({ batches: expired }, 'batch files have expired');
    }
  }),
});
