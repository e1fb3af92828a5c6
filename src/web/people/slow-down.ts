/**
 * Whoever was wrong ten times must wait before the next try, and longer each time. Counted for an address or a peer; a
 * quarter of an hour without a wrong try forgets them all. In memory, and bounded: the one that was quiet for longest
 * is forgotten first.
 */
export interface SlowDown {
  /** Milliseconds until `key` may try again; 0 when it may now. */
  waits(key: string, now: number): number;
  wrong(key: string, now: number): void;
  /** Somebody was right: nothing is held against `key` any more. */
  right(key: string): void;
}

interface Tries {
  wrong: number;
  lastAt: number;
}

export const freeTries = 10;
const forgetAfterMs = 15 * 60_000;
const mostKeys = 10_000;

/** How long one must wait after so many wrong tries: 2 s, 4 s, 8 s … up to a quarter of an hour. */
export const waitAfter = (wrong: number): number =>
  wrong < freeTries ? 0 : Math.min(2000 * 2 ** Math.min(wrong - freeTries, 20), forgetAfterMs);

export const makeSlowDown = (most = mostKeys): SlowDown => {
  const tries = new Map<string, Tries>();
  const known = (key: string, now: number): Tries | undefined => {
    const found = tries.get(key);
    return found && Math.abs(now - found.lastAt) < forgetAfterMs ? found : undefined;
  };
  return {
    waits: (key, now) => {
      const found = known(key, now);
      return found ? Math.max(0, found.lastAt + waitAfter(found.wrong) - now) : 0;
    },
    wrong: (key, now) => {
      const count = (known(key, now)?.wrong ?? 0) + 1;
      tries.delete(key);
      tries.set(key, { wrong: count, lastAt: now });
      const [oldest] = tries.keys();
      if (tries.size > most && oldest !== undefined) tries.delete(oldest);
    },
    right: (key) => void tries.delete(key),
  };
};
