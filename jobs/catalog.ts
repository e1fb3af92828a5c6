import { makeDeliverDue } from './deliver-due.ts';
import { makeExpireBatchFiles } from './expire-batch-files.ts';
import type { Job } from './job.ts';
import { makeRaiseAlerts } from './raise-alerts.ts';
import { makeRunDueFeeds } from './run-due-feeds.ts';
import { makeSweepSpool } from './sweep-spool.ts';
import { makeWatchPickups } from './watch-pickups.ts';

/** Everything the clock can start, fresh for one process. */
export const makeJobs = (): Job[] => [
  makeRunDueFeeds(),
  makeDeliverDue(),
  makeWatchPickups(),
  makeRaiseAlerts(),
  makeSweepSpool(),
  makeExpireBatchFiles(),
];
