import { makeApplySubmissions } from './apply-submissions.ts';
import { makeApproveLocked } from './approve-locked.ts';
import { makeDeliverDue } from './deliver-due.ts';
import { makeExpireBatchFiles } from './expire-batch-files.ts';
import { makeExpireMessages } from './expire-messages.ts';
import { makeExpireSubmissionFiles } from './expire-submission-files.ts';
import type { Job } from './job.ts';
import { makeLogMessages } from './log-messages.ts';
import { makePollInboxes } from './poll-inboxes.ts';
import { makeRaiseAlerts } from './raise-alerts.ts';
import { makeRunDueFeeds } from './run-due-feeds.ts';
import { makeSendReplies } from './send-replies.ts';
import { makeSweepSpool } from './sweep-spool.ts';
import { makeWatchKeys } from './watch-keys.ts';
import { makeWatchPickups } from './watch-pickups.ts';

/** Everything the clock can start, fresh for one process. */
export const makeJobs = (): Job[] => [
  makeRunDueFeeds(),
  makeDeliverDue(),
  makeLogMessages(),
  makePollInboxes(),
  makeApplySubmissions(),
  makeApproveLocked(),
  makeSendReplies(),
  makeWatchPickups(),
  makeWatchKeys(),
  makeRaiseAlerts(),
  makeSweepSpool(),
  makeExpireBatchFiles(),
  makeExpireSubmissionFiles(),
  makeExpireMessages(),
];
