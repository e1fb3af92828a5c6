import { approveLocked } from '../src/ledger/locked.ts';
import type { Job } from './job.ts';

/** Approves the transactions whose locking date has passed. Two nodes may do so at the same time, and share the work. */
export const makeApproveLocked = (): Job => ({
  name: 'approve-locked',
  part: 'work',
  seconds: 5,
  run: async ({ store, clock, ending, log }) => {
    if (ending.aborted) return;
    const approved = await approveLocked(store, clock, { signal: ending });
    if (approved > 0) log.info({ transactions: approved }, 'approved: their locking dates have passed');
  },
});
