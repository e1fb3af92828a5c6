import type { DropSpec, Seen } from '../../drop/drop.ts';
import type { Fault } from '../../fault.ts';
import type { Random } from '../../clock.ts';
import { nextAttemptAt } from './backoff.ts';

/** `pending → sending → delivered`, or `held`, or `settled` by a person. */
export type DeliveryState = 'pending' | 'sending' | 'delivered' | 'held' | 'settled';

/** How the batch's own file was confirmed. */
export type Receipt = Seen;

/** A drop as deliveries see it: where, and what to do when things are not clear. */
export interface DropPlan {
  spec: DropSpec;
  /** After an unknown outcome with neither the final nor the partial name there. */
  unknown: 'send' | 'hold';
  /** Milliseconds from the first attempt after which a delivery is held. */
  giveUpAfter: number;
  /** How many connections this process has to the drop at the same time, looks for pick-ups included; 4 by default. */
  sessions?: number;
  /** Whether to record when the partner takes a delivered file. */
  watchPickup: boolean;
  /** With `watchPickup`: how long a file may lie before somebody is told, milliseconds. */
  pickupWithin?: number;
}

/** The duty to bring one batch to one drop. Instants in milliseconds. */
export interface Delivery {
  id: number;
  batchId: number;
  feed: string;
  dropName: string;
  /** As it was when the delivery was planned. */
  ordering: 'strict' | 'free';
  state: DeliveryState;
  attempts: number;
  /** Grows with every taking and every action by hand; whoever holds an older one may write nothing more. */
  claim: number;
  holder: string | null;
  leasedUntil: number | null;
  createdAt: number;
  nextAttemptAt: number;
  /** The first attempt since it was planned, released or resent: `giveUpAfter` counts from here. */
  startedAt: number | null;
  /** The last time it was delivered; stays while it is resent. */
  deliveredAt: number | null;
  seen: Receipt | null;
  pickedUpAt: number | null;
  resend: boolean;
  error: string | null;
  hint: string | null;
  errorCode: string | null;
  settledReason: string | null;
  /** Of the batch's own file. */
  fileName: string;
  bytes: number;
}

/** What a delivery carries: the batch's own file first, then its companions, in order of upload. */
export interface Parcel {
  fileName: string;
  /** Name in the spool. */
  spool: string;
  bytes: number;
  sha256: string;
  /** Whether it is the marker: sent last, it says that the batch's other files are whole. */
  marker?: boolean;
}

const moves: Record<DeliveryState, readonly DeliveryState[]> = {
  pending: ['sending', 'held', 'settled'],
  // To itself: taken over from a process that is gone.
  sending: ['sending', 'delivered', 'pending', 'held'],
  held: ['pending', 'settled'],
  delivered: ['pending'],
  settled: ['pending'],
};

/** Whether a delivery may go from one state to the other. */
export const mayMove = (from: DeliveryState, to: DeliveryState): boolean => moves[from].includes(to);

/** What a failed attempt makes of its delivery. */
export type Aftermath =
  { state: 'pending'; nextAttemptAt: number; trouble: Trouble } | { state: 'held'; trouble: Trouble };

export interface Trouble {
  error: string;
  hint: string;
  code: string;
}

/**
 * What becomes of a delivery after a failed attempt. `retry`: tried again after a pause that doubles, until
 * `giveUpAfter` has passed since its own first attempt (there is a last attempt at that moment). Anything else needs a
 * person: held. `tries` counts the attempts since it was planned, released or resent.
 */
export const afterFailure = (
  failed: { startedAt: number; tries: number },
  fault: Fault,
  now: number,
  plan: Pick<DropPlan, 'giveUpAfter'>,
  random: Random,
): Aftermath => {
  const trouble = { error: fault.message, hint: fault.hint, code: fault.code };
  switch (fault.next) {
    case 'hold':
    case 'refuse':
      return { state: 'held', trouble };
    case 'bug':
      return { state: 'held', trouble: { ...trouble, error: `not foreseen: ${fault.message}` } };
    case 'retry': {
      const lastAt = failed.startedAt + plan.giveUpAfter;
      if (now >= lastAt) return { state: 'held', trouble: gaveUp(fault, plan.giveUpAfter) };
      const at = Math.min(nextAttemptAt(failed.tries, now, random), lastAt);
      return { state: 'pending', nextAttemptAt: at, trouble };
    }
    default:
      return fault.next satisfies never;
  }
};

const gaveUp = (fault: Fault, giveUpAfter: number): Trouble => ({
  error: `gave up after ${inWords(giveUpAfter)}: ${fault.message}`,
  hint: `${fault.hint}; then release the delivery`,
  code: 'gave-up',
});

const inWords = (ms: number): string => {
  const units: [number, string][] = [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ];
  const fits = units.find(([unit]) => ms >= unit && ms % unit === 0);
  return fits ? `${ms / fits[0]} ${fits[1]}` : `${ms} ms`;
};
