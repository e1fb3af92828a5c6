import { setTimeout as pause } from 'node:timers/promises';
import type { EventType } from '../../ledger/event-type.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { makeHolder } from '../../work/leases.ts';
import { withLease } from '../../work/with-lease.ts';
import { leaseNameOf } from './apply.ts';
import { startApplyThread } from './apply-thread.ts';
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
}

const leaseMs = 15_000;

/**
 * Applies what waits for an event type, one after another in order of acceptance, in a thread of its own and under the
 * event type's lease. `busy` when another process does so. Throws Fault (retry) for what passes by itself.
 */
export const applyQueued = async (
  { store, spool }: QueueContext,
  eventType: EventType,
  { signal: asked, upTo = Infinity, progress, onDone }: QueueOptions,
): Promise<'done' | 'busy'> => {
  const name = leaseNameOf(eventType.id);
  const held = await withLease(store, name, makeHolder(), { leaseMs, signal: asked }, async (lease, signal) => {
    const waiting = async () => {
      const next = signal.aborted ? undefined : await nextSubmission(store.read, eventType.id);
      return next && next.id <= upTo ? next : undefined;
    };
    let next = await waiting();
    if (!next) return;
    const thread = await startApplyThread(store, {
      address: store.address,
      ...{ spoolFolder: spool.folder, eventType, lease },
    });
    signal.addEventListener('abort', thread.stop);
    if (signal.aborted) thread.stop();
    try {
      for (; next; next = await waiting()) {
        const inHand = next;
        await thread.apply(inHand.id, (lines) => progress?.(inHand, lines));
        const done = await findSubmission(store.read, inHand.id);
        if (done && onDone) onDone(done);
      }
    } finally {
      signal.removeEventListener('abort', thread.stop);
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
