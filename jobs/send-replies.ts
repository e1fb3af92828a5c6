import { sendReplies } from '../src/inbound/mail/send-replies.ts';
import type { Job, JobContext } from './job.ts';
import { makeLanes } from './lanes.ts';
import { logFault } from './log-fault.ts';

/** Answers mails whose files are done, where their event type says so; a slow relay keeps no other job waiting. */
export const makeSendReplies = (): Job => {
  const lanes = makeLanes(1);
  const run = (context: JobContext): Promise<void> => {
    const { replying, ending, log } = context;
    if (replying && !ending.aborted)
      lanes.start('replies', () =>
        sendReplies({ ...context, replying }).catch((error: unknown) => logFault(log, error, 'send', 'replies')),
      );
    return Promise.resolve();
  };
  return { name: 'send-replies', part: 'work', seconds: 5, run, idle: lanes.idle };
};
