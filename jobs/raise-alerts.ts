import { channelsDue, tellChannel, watch } from '../src/watch/watch.ts';
import type { Job, JobContext } from './job.ts';
import { makeLanes } from './lanes.ts';
import { logFault } from './log-fault.ts';

/** Finds what should have happened and did not, and tells the channels, each in a lane of its own: a slow one delays no other. */
export const makeRaiseAlerts = (): Job => {
  const lanes = makeLanes(Infinity);
  const run = async (context: JobContext): Promise<void> => {
    if (context.ending.aborted) return;
    await watch(context);
    for (const channel of await channelsDue(context)) {
      if (context.ending.aborted) return;
      lanes.start(channel.name, () =>
        tellChannel(context, channel, context).catch((error: unknown) =>
          logFault(context.log, error, 'tell', channel.name),
        ),
      );
    }
  };
  return { name: 'raise-alerts', part: 'work', seconds: 15, run, idle: lanes.idle };
};
