import { applyQueued } from '../src/inbound/submission/apply-queue.ts';
import type { Submission } from '../src/inbound/submission/submission.ts';
import { waitingEventTypes } from '../src/inbound/submission/submissions.ts';
import type { EventType } from '../src/ledger/event-type.ts';
import type { Job, JobContext } from './job.ts';
import { makeLanes } from './lanes.ts';
import { logFault } from './log-fault.ts';

/** Event types whose submissions are applied at the same time in one process, each in a thread of its own. */
const sideBySide = 2;

const report = ({ log }: JobContext, { id, eventTypeId, status, outcomes, error }: Submission): void => {
  const about = { submission: id, eventType: eventTypeId, status, outcomes };
  if (status === 'Failed' || status === 'Held') log.warn({ ...about, error }, 'a submission could not be applied');
  else log.info(about, 'a submission was applied');
};

const serve = async (context: JobContext, eventType: EventType): Promise<void> => {
  const onDone = (submission: Submission) => report(context, submission);
  try {
    await applyQueued(context, eventType, { signal: context.ending, onDone });
  } catch (error) {
    if (!context.ending.aborted) logFault(context.log, error, 'apply submissions of', String(eventType.id));
  }
};

/** Applies what has come in: the submissions of one event type one after another, of several side by side. */
export const makeApplySubmissions = (): Job => {
  const lanes = makeLanes(sideBySide);
  const run = async (context: JobContext): Promise<void> => {
    for (const id of await waitingEventTypes(context.store.read)) {
      const eventType = context.eventTypes.get(id);
      if (eventType && !context.ending.aborted) lanes.start(String(id), () => serve(context, eventType));
    }
  };
  return { name: 'apply-submissions', part: 'work', seconds: 1, run, idle: lanes.idle };
};
