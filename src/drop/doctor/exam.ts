import type { SafeName } from '../../safe-name.ts';
import { type Drop, DropFault, type DropSpec, type Learned, type Outgoing } from '../drop.ts';
import type { MovingDrop } from '../put.ts';
import type { Probes } from './probes.ts';
import type { Run } from './run.ts';

/** What was found that the drop's section should say. */
export interface Facts {
  /** The host keys shown, as `SHA256:…`, best first, where none of them is pinned. */
  hostKeys?: string[];
  /** FTPS: the fingerprint of the certificate shown, where nothing but a pin would make it good. */
  certificate?: string;
  /** FTPS: how TLS begins, where it is not as configured. */
  mode?: 'explicit' | 'implicit';
  /** The server refuses to rename. */
  cannotRename?: boolean;
  /** Nobody may look whether a file is there. */
  blind?: boolean;
  /** Where the server puts us, where the folder was not found. */
  around?: string;
  /** It lets us in only once at a time. */
  oneSession?: boolean;
}

/** One examination while it goes on. */
export interface Exam {
  readonly spec: DropSpec;
  readonly run: Run;
  readonly probes: Probes;
  readonly signal: AbortSignal | undefined;
  /** When it began, in milliseconds since 1970. */
  readonly now: number;
  /** Names of ours that may lie at the drop now. */
  readonly left: Set<SafeName>;
  readonly facts: Facts;
  readonly learned: Learned;
  /** Sessions at a time that the drop is set up for, where it says so. */
  readonly sessions: unknown;
  /** The ways to sign in that the server offers. */
  readonly offered: string[];
  /** What ends the connections that were opened. */
  readonly closing: (() => Promise<void>)[];
  /** A new connection, as a delivery opens it. */
  reopen(): Promise<Drop>;
}

/** Why a step on a file failed; undefined for what is no fault of the drop's. */
export const codeOf = (error: unknown): DropFault['code'] | undefined =>
  error instanceof DropFault ? error.code : undefined;

/** Uploads, and remembers that something may lie there now. */
export const send = async ({ left }: Exam, drop: MovingDrop, file: Outgoing): Promise<void> => {
  left.add(file.partial);
  await drop.moves.upload(file, () => undefined);
};
