import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../../store/store.ts';
import { claimLost } from '../../work/leases.ts';
import { type Claimed, renewClaim } from './claims.ts';

/** Keeps a delivery ours while an attempt runs. */
export interface Heartbeat {
  /** Fires (reason: Fault `claim-lost`) when another has taken over, or may have because we could not renew in time. */
  lost: AbortSignal;
  stop(): Promise<void>;
}

/** Renews every third of the lease until stopped. A renewal that fails is tried again while the lease may still be ours. */
export const heartbeat = (store: Store, claimed: Claimed, leaseMs: number): Heartbeat => {
  const lost = new AbortController();
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    let heldSince = performance.now();
    for (;;) {
      await pause(leaseMs / 3, undefined, { signal: stopping.signal });
      const asked = performance.now();
      const answer = await renewClaim(store, claimed, leaseMs).catch(() => undefined);
      if (answer === true) heldSince = asked;
      else if (answer === false || performance.now() - heldSince > leaseMs) {
        lost.abort(claimLost(`delivery ${claimed.delivery.id}`));
        return;
      }
    }
  };
  const ended = loop().catch(() => undefined); // only the pause rejects, when stopped
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  return { lost: lost.signal, stop };
};
