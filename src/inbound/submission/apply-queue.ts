import { setTimeout as pause } from 'node:timers/promises';
import { asFault, oneLine } from '../../fault.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import { type Lease, makeHolder } from '../../work/leases.ts';
import { withLease } from '../../work/with-lease.ts';
import { leaseNameOf } from './apply.ts';
import { type ApplyThread, startApplyThread } from './apply-thread.ts';
import { holdAbandoned } from './steps.ts';
import type { Submission, SubmissionStatus } from './submission.ts';
import { findSubmission, nextSubmission } from './submissions.ts';

export interface QueueContext {
  store: Store;
  spool: Spool;
}

export interface QueueOptions {
  /** Work stops after the chunk in hand. */
  signal: AbortSignal;
  /** The last submission to be applied; otherwise all that wait. */
  upTo?: number;
  /** How far the submission in hand is, in data lines. */
  progress?: (submission: Submission, lines: number) => void;
  /** Called after each submission with how it stands then. */
  onDone?: (submission: Submission) => void;
  /** Another one for tests. */
  startThread?: typeof startApplyThread;
}

const leaseMs = 15_000;

/** Why a submission is held whose thread has ended, or failed with what passes not by itself; undefined for what passes. */
const endOf = (error: unknown, { fileName }: Submission): string | undefined => {
  const fault = databaseTrouble(error) ?? asFault(error, 'apply', fileName);
  if (fault.next === 'retry') return undefined;
  const { message } = fault;
  return `${oneLine(message)}. Send the file again in smaller parts; if that fails as well, report it with the log.`;
};

/** One submission in a thread; what ends the thread holds the submission only, so that those behind it go on. */
const applyHere = async (thread: ApplyThread, { store, lease, progress }: Lane, inHand: Submission) => {
  try {
    await thread.apply(inHand.id, (lines) => progress?.(inHand, lines));
    return 'goes on';
  } catch (error) {
    const why = endOf(error, inHand);
    if (why === undefined) throw error;
    await thread.close();
    await holdAbandoned(store, inHand.id, lease, why);
    return 'ended';
  }
};

interface Lane extends Pick<QueueOptions, 'signal' | 'progress'> {
  store: Store;
  lease: Lease;
  start: () => Promise<ApplyThread>;
}

/** The thread of a lane, started when it is needed and again when it has ended. */
const threadOf = ({ start, signal }: Lane) => {
  let thread: ApplyThread | undefined;
  const stop = (): void => thread?.stop();
  signal.addEventListener('abort', stop);
  return {
    get: async (): Promise<ApplyThread> => {
      thread ??= await start();
      if (signal.aborted) thread.stop();
      return thread;
    },
    ended: (): void => void (thread = undefined),
    close: async (): Promise<void> => {
      signal.removeEventListener('abort', stop);
      await thread?.close();
    },
  };
};

/**
 * Applies what waits for an event type, one after another in order of acceptance, in a thread of its own and under the
 * event type's lease. `busy` when another process does so. A submission that ends its thread is `Held`, and the next go
 * on in another. Throws Fault (retry) for what passes by itself.
 */
export const applyQueued = async (
  { store, spool }: QueueContext,
  eventType: EventType,
  { signal: asked, upTo = Infinity, progress, onDone, startThread = startApplyThread }: QueueOptions,
): Promise<'done' | 'busy'> => {
  const name = leaseNameOf(eventType.id);
  const held = await withLease(store, name, makeHolder(), { leaseMs, signal: asked }, async (lease, signal) => {
    const job = { address: store.address, spoolFolder: spool.folder, eventType, lease };
    const lane: Lane = { store, lease, signal, start: () => startThread(store, job), ...(progress && { progress }) };
    const thread = threadOf(lane);
    const waiting = async () => {
      const next = signal.aborted ? undefined : await nextSubmission(store.read, eventType.id);
      return next && next.id <= upTo ? next : undefined;
    };
    try {
      for (let next = await waiting(); next; next = await waiting()) {
        if ((await applyHere(await thread.get(), lane, next)) === 'ended') thread.ended();
        const done = await findSubmission(store.read, next.id);
        if (done && onDone) onDone(done);
      }
    } finally {
      await thread.close();
    }
  });
  return held.busy ? 'busy' : 'done';
};

const waits: readonly SubmissionStatus[] = ['Queued', 'In Progress'];
const lookAgainMs = 200;

/**
 * Applies a submission, and those before it, unless another process does: then its outcome is waited for, and taken over
 * when that process is gone. Resolves to the submission as it stands then. Rejects when the signal fires; what was
 * committed stays.
 */
export const applyOrWait = async (
  ctx: QueueContext,
  eventType: EventType,
  id: number,
  options: QueueOptions,
): Promise<Submission> => {
  for (;;) {
    const found = await findSubmission(ctx.store.read, id);
    if (!found) throw new Error(`submission ${id} is gone`);
    if (!waits.includes(found.status)) return found;
    options.signal.throwIfAborted();
    if ((await applyQueued(ctx, eventType, { ...options, upTo: id })) === 'busy')
      await pause(lookAgainMs, undefined, { signal: options.signal });
  }
};
