import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../store/store.ts';
import { acquire, type Busy, claimLost, type Lease, release, renew } from './leases.ts';

export interface LeaseUse {
  /** Length of the lease, renewed every third of it (milliseconds). */
  leaseMs: number;
  /** How long to wait for another holder (milliseconds); 0 or nothing: not at all. */
  waitMs?: number;
  /** Called once when there is somebody to wait for. */
  onWait?: (busy: Busy) => void;
  /** Ends the waiting; the work itself gets a signal that also fires with this one. */
  signal?: AbortSignal;
}

const lookAgainMs = 250;

/**
 * Does `work` while holding the lease, which is renewed in the background and given back at the end. The work's signal
 * fires when the lease is lost (reason: Fault `claim-lost`) or may be, because it could not be renewed in time; the work
 * should stop then, and its writes must say `assertHeld`. Resolves to `busy` when another holder kept it for `waitMs`.
 */
export const withLease = async <T>(
  store: Store,
  name: string,
  holder: string,
  use: LeaseUse,
  work: (lease: Lease, signal: AbortSignal) => Promise<T>,
): Promise<{ busy: false; result: T } | Busy> => {
  const { taken, asked } = await waitFor(store, name, holder, use);
  if ('busy' in taken) return taken;
  const keeping = keep(store, taken, use.leaseMs, asked);
  const signals = use.signal ? [keeping.signal, use.signal] : [keeping.signal];
  try {
    return { busy: false, result: await work(taken, AbortSignal.any(signals)) };
  } finally {
    await keeping.stop();
    await release(store, taken).catch(() => undefined); // it runs out by itself
  }
};

/** The last answer, and when it was asked for: the lease counts from then on, not from before the waiting. */
const waitFor = async (
  store: Store,
  name: string,
  holder: string,
  use: LeaseUse,
): Promise<{ taken: Lease | Busy; asked: number }> => {
  const giveUpAt = performance.now() + (use.waitMs ?? 0);
  for (let told = false; ; told = true) {
    use.signal?.throwIfAborted();
    const asked = performance.now();
    const taken = await acquire(store, name, holder, use.leaseMs);
    const left = giveUpAt - performance.now();
    if (!('busy' in taken) || left <= 0) return { taken, asked };
    if (!told) use.onWait?.(taken);
    await pause(Math.min(lookAgainMs, left), undefined, use.signal ? { signal: use.signal } : {});
  }
};

/** Renews until stopped. A renewal that fails is tried again as long as the lease may still be ours. */
const keep = (store: Store, lease: Lease, leaseMs: number, since: number) => {
  const lost = new AbortController();
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    let heldSince = since;
    for (;;) {
      await pause(leaseMs / 3, undefined, { signal: stopping.signal });
      const asked = performance.now();
      const answer = await renew(store, lease, leaseMs).catch(() => undefined);
      if (answer === true) heldSince = asked;
      else if (answer === false || performance.now() - heldSince > leaseMs) return lost.abort(claimLost(lease.name));
    }
  };
  const ended = loop().catch(() => undefined); // only the pause rejects, when stopped
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  return { signal: lost.signal, stop };
};
