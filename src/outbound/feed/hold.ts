import type { Lease } from '../../work/leases.ts';
import { withLease } from '../../work/with-lease.ts';
import type { FeedContext, RunOptions } from './context.ts';

/** A holder that is gone is taken over when its lease ends: within 30 s, as promised. */
const defaultLeaseMs = 15_000;

/** Holds the feed while `work` runs: all work on a feed is done under this lease. `busy` when another run keeps it. */
export const holdFeed = <T>(
  ctx: FeedContext,
  feed: string,
  options: RunOptions & { waitMs?: number },
  work: (lease: Lease, signal: AbortSignal) => Promise<T>,
) =>
  withLease(
    ctx.store,
    `feed:${feed}`,
    ctx.holder,
    {
      leaseMs: ctx.leaseMs ?? defaultLeaseMs,
      waitMs: options.waitMs ?? 0,
      ...(options.signal && { signal: options.signal }),
      onWait: (busy) => options.onWait?.(`another run of ${feed} (${busy.holder})`),
    },
    work,
  );
