import type { Clock } from '../../clock.ts';
import { oneLine } from '../../fault.ts';
import type { Store } from '../../store/store.ts';
import { insertRefusal, type Refusal } from './refused-mail.ts';
import { makeTogether } from '../../store/together.ts';

/** How many different lines one peer, and all of them together, can cause in an hour; the rest is counted in one line. */
export interface LineLimits {
  perPeer: number;
  inAll: number;
}

const defaults: LineLimits = { perPeer: 100, inAll: 2000 };

/** Refusals that may wait for the database; beyond them lines are left out, so that no flood fills the memory. */
const mostWaiting = 1000;
const mostAtOnce = 200;
const longestText = 320;
const hourMs = 3_600_000;

const cut = (text: string | null): string | null => (text === null ? null : oneLine(text, longestText));

const clean = ({ peer, helo, envelopeFrom, recipient, reason, code }: Refusal): Refusal => ({
  ...{ peer: oneLine(peer, 64), helo: cut(helo), envelopeFrom: cut(envelopeFrom), recipient: cut(recipient) },
  ...{ reason: oneLine(reason, longestText), code },
});

/**
 * Bounds how many different lines come of refusals, whatever peers do: those beyond the limit are told as one line of
 * their peer, or of all peers.
 */
export const makeLineLimit = ({ perPeer, inAll }: LineLimits = defaults): ((one: Refusal, now: number) => Refusal) => {
  let hour = 0;
  const [known, ofPeer] = [new Set<string>(), new Map<string, number>()];
  return (one, now) => {
    if (Math.floor(now / hourMs) !== hour) {
      hour = Math.floor(now / hourMs);
      known.clear();
      ofPeer.clear();
    }
    const key = JSON.stringify([one.peer, one.envelopeFrom, one.recipient, one.reason, one.code]);
    if (known.has(key)) return one;
    const anonymous = { ...one, helo: null, envelopeFrom: null, recipient: null };
    if (known.size >= inAll) return { ...anonymous, peer: 'others', reason: 'more mail was refused than is listed' };
    const lines = ofPeer.get(one.peer) ?? 0;
    if (lines >= perPeer) return { ...anonymous, reason: 'more mail of this peer was refused than is listed' };
    known.add(key);
    ofPeer.set(one.peer, lines + 1);
    return one;
  };
};

/** Keeps what was refused as lines. */
export interface Refusals {
  /** Resolves when the line is written. Never rejects: a refusal stands even where it cannot be written down. */
  note(refusal: Refusal): Promise<void>;
}

export const makeRefusals = (
  { store, clock }: { store: Store; clock: Clock },
  onError: (error: unknown) => void,
): Refusals => {
  const limit = makeLineLimit();
  const write = makeTogether(mostAtOnce, async (some: readonly Refusal[]) => {
    await store.write(async (writer) => {
      for (const one of some) await insertRefusal(writer, one, clock.now());
    });
    return some.map(() => undefined);
  });
  let waiting = 0;
  return {
    note: async (refusal) => {
      if (waiting >= mostWaiting) return;
      waiting++;
      await write(limit(clean(refusal), clock.now()))
        .catch(onError)
        .finally(() => waiting--);
    },
  };
};
