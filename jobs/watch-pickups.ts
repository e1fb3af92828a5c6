import { watchPickups } from '../src/outbound/delivery/pickup.ts';
import type { Job } from './job.ts';

/** Records when partners have taken their files, at the drops with `watchPickup`. */
export const makeWatchPickups = (): Job => ({
  name: 'watch-pickups',
  part: 'work',
  seconds: 30,
  run: async (context) => {
    if (!context.ending.aborted) await watchPickups(context, context.ending);
  },
});
