/** Where "now" comes from. Everything that depends on time takes a Clock, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** The only place that reads the wall clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands still until it is told otherwise. */
export const fixedClock = (
  at: number | string,
): Clock & { set(to: number | string): void; advance(ms: number): void } => {
  const read = (value: number | string) => (typeof value === 'number' ? value : Date.parse(value));
  let current = read(at);
  return {
    now: () => current,
    set: (to) => void (current = read(to)),
    advance: (ms) => void (current += ms),
  };
};

/** A source of randomness in [0, 1). */
export type Random = () => number;

/** Milliseconds since 1970 as ISO 8601 in UTC, to the millisecond. */
export const isoInstant = (ms: number): string => new Date(ms).toISOString();
