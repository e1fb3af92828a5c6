import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { OpenAtFence } from '../../store/fence.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';

/** What the feed room works with. */
export interface FeedContext {
  store: Store;
  spool: Spool;
  clock: Clock;
  /** Names this process in leases. */
  holder: string;
  log?: Log;
  /** Length of the lease on a feed in milliseconds, 15 s by default; renewed every third of it. */
  leaseMs?: number;
  /** Another way to find the fence, for the test that shows why this one is right. */
  openAtFence?: OpenAtFence;
}

export interface RunOptions {
  signal?: AbortSignal;
  /** Rows written so far. */
  progress?(rows: number): void;
  /** Says once for what we wait: another run of the feed, or a writer's open database transaction. */
  onWait?(what: string): void;
}
