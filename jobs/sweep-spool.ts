import { messageSpoolNames } from '../src/inbound/mail/messages.ts';
import { submissionSpoolNames } from '../src/inbound/submission/submissions.ts';
import { spoolNamesInUse } from '../src/outbound/feed/batches.ts';
import type { Job } from './job.ts';
import { everyHours } from './now-and-then.ts';

const dayMs = 86_400_000;

/** Removes spool files that nothing refers to and that are older than a day: left by a process that was killed while it wrote. */
export const makeSweepSpool = (): Job => ({
  name: 'sweep-spool',
  part: 'work',
  seconds: 30,
  run: everyHours(1, async ({ store, spool, clock, log }) => {
    const before = clock.now() - dayMs;
    const { read } = store;
    const inUse = [await spoolNamesInUse(read), await submissionSpoolNames(read), await messageSpoolNames(read)];
    const removed = await spool.sweep(new Set(inUse.flatMap((names) => [...names])), before);
    if (removed.length > 0) log.info({ files: removed.length }, 'swept the spool');
  }),
});
