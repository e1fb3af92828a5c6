import type { FaultDetails } from '../../fault.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { StoreAddress } from '../../store/store.ts';
import type { Lease } from '../../work/leases.ts';
import type { Applied } from './apply.ts';

/** What the apply worker needs to know; plain data, it travels to another thread. */
export interface ApplyJob {
  address: StoreAddress;
  spoolFolder: string;
  eventType: EventType;
  lease: Lease;
}

export type ToApplyWorker =
  | { kind: 'apply'; id: number }
  | { kind: 'stop' }
  /** The turn to write that it has asked for. */
  | { kind: 'turn' };

export type FromApplyWorker =
  | { kind: 'ready' }
  | { kind: 'progress'; lines: number }
  /** It wants to write; it says `turn over` when it has. */
  | { kind: 'turn' }
  | { kind: 'turn over' }
  | { kind: 'applied'; applied: Applied }
  /** A Fault does not travel as itself: these are its details. */
  | { kind: 'failed'; fault: Omit<FaultDetails, 'cause'> };
