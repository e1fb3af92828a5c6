import type { Random } from '../../src/clock.ts';

/** The seed of this run: `SEED` from the environment, or a new one. Print it wherever chance decides. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** How much longer the suites run in the lab: `LAB=1`. */
export const inLab = process.env['LAB'] === '1';

/** A row of random numbers that is the same for the same seed (mulberry32). */
export const randomOf = (from: number): Random => {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
