import { deliverDue, dueDrops } from '../src/outbound/delivery/deliver.ts';
import type { Job, JobContext } from './job.ts';
import { makeLanes } from './lanes.ts';
import { logFault } from './log-fault.ts';

/** Drops that are served at the same time in one process. */
const sideBySide = 16;

const serve = async (context: JobContext, dropName: string, saidUnknown: Set<number>): Promise<void> => {
  try {
    await deliverDue(context, { signal: context.ending, graceMs: context.graceMs, saidUnknown }, { dropName });
  } catch (error) {
    logFault(context.log, error, 'deliver to', dropName);
  }
};

/** Brings what is due to the drops, each in a lane of its own: a slow drop keeps no other waiting. */
export const makeDeliverDue = (): Job => {
  const lanes = makeLanes(sideBySide);
  const saidUnknown = new Set<number>();
  const run = async (context: JobContext): Promise<void> => {
    for (const dropName of await dueDrops(context)) {
      if (!context.ending.aborted) lanes.start(dropName, () => serve(context, dropName, saidUnknown));
    }
  };
  return { name: 'deliver-due', part: 'work', seconds: 1, run, idle: lanes.idle };
};
