import type { FaultDetails } from '../../fault.ts';
import type { StoreAddress } from '../../store/store.ts';
import type { Layout } from './layout.ts';
import type { MemberRule } from './selection.ts';
import type { TimeFrame } from './time-frame.ts';

/** What a render worker needs to know; plain data, it travels to another thread. */
export interface RenderJob {
  address: StoreAddress;
  layout: Layout;
  rule: MemberRule;
  /** A manual export's bounds; such a file holds every row between them, whatever the watermark. */
  frame?: TimeFrame;
}

/** A range `(from, to]` of sequences. */
export interface RangeRequest {
  from: number;
  to: number;
}

export type ToWorker =
  { kind: 'open'; token?: string } | ({ kind: 'range' } & RangeRequest) | { kind: 'sums'; from: number; to: number };

/** The lines of one range, and the fingerprint of the rows in it. */
export interface Block {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where each row ends in `bytes`; only when the file may have to end between them. */
  ends?: Uint32Array<ArrayBuffer>;
  count: number;
  sum: bigint;
  mix: bigint;
}

/** A currency, how many rows it has, and their sums in minor units; `delta` only with changes. */
export interface CurrencySum {
  currency: string;
  rows: number;
  amount: string;
  delta?: string;
}

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'opened'; token: string }
  | ({ kind: 'block' } & Block)
  | { kind: 'sums'; sums: CurrencySum[] }
  /** A value that the file cannot hold. */
  | { kind: 'refused'; fault: FaultDetails };
