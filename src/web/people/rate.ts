/** How many requests somebody may make: so many at once, and so many a second in the long run. */
export interface Rate {
  burst: number;
  perSecond: number;
}

export interface RateLimit {
  /** Counts a request of `key` at `now` (milliseconds). Resolves to 0, or to the milliseconds until the next is taken. */
  take(key: string, now: number): number;
}

interface Bucket {
  left: number;
  at: number;
}

/** In memory and bounded: the one that was quiet for longest is forgotten first, and has a full bucket by then or soon. */
export const makeRateLimit = ({ burst, perSecond }: Rate, most = 10_000): RateLimit => {
  const buckets = new Map<string, Bucket>();
  return {
    take: (key, now) => {
      const { left, at } = buckets.get(key) ?? { left: burst, at: now };
      const filled = Math.min(burst, left + (Math.max(0, now - at) / 1000) * perSecond);
      buckets.delete(key);
      buckets.set(key, { left: filled >= 1 ? filled - 1 : filled, at: now });
      const [oldest] = buckets.keys();
      if (buckets.size > most && oldest !== undefined) buckets.delete(oldest);
      return filled >= 1 ? 0 : Math.ceil(((1 - filled) / perSecond) * 1000);
    },
  };
};
