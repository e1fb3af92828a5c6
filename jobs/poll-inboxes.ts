import { pollInbox } from '../src/inbound/submission/poll-inbox.ts';
import type { Inbox } from '../src/inbound/submission/inbox.ts';
import type { Job, JobContext } from './job.ts';
import { makeLanes } from './lanes.ts';
import { logFault } from './log-fault.ts';

/** Inboxes that are looked at at the same time in one process. */
const sideBySide = 4;

const serve = async (context: JobContext, inbox: Inbox): Promise<void> => {
  const { eventTypeId } = inbox;
  try {
    const polled = await pollInbox(context, inbox, context.ending);
    if (polled !== 'not due' && polled.taken.length > 0)
      context.log.info({ eventType: eventTypeId, submissions: polled.taken }, 'files were taken from an inbox');
  } catch (error) {
    if (!context.ending.aborted) logFault(context.log, error, 'look at the inbox of event type', String(eventTypeId));
  }
};

/** Looks at the inboxes of event types, each in a lane of its own, and accepts what lies there whole. */
export const makePollInboxes = (): Job => {
  const lanes = makeLanes(sideBySide);
  const run = (context: JobContext): Promise<void> => {
    for (const inbox of context.inboxes.values())
      if (!context.ending.aborted) lanes.start(String(inbox.eventTypeId), () => serve(context, inbox));
    return Promise.resolve();
  };
  return { name: 'poll-inboxes', part: 'work', seconds: 5, run, idle: lanes.idle };
};
