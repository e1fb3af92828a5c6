import type { FaultDetails } from '../../fault.ts';
import type { Found } from './found-files.ts';

/** What the find worker needs to know; plain data, it travels to another thread. */
export interface FindJob {
  spoolFolder: string;
}

export interface ToFindWorker {
  /** The spool name of a raw message. */
  raw: string;
}

export type FromFindWorker =
  /** It has started. */
  | { kind: 'ready' }
  | { kind: 'found'; found: Found }
  /** A Fault does not travel as itself: these are its details. */
  | { kind: 'failed'; fault: Omit<FaultDetails, 'cause'> };
