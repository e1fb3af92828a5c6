import { performance } from 'node:perf_hooks';

/** How much later than asked this process's loop came round: the 99th percentile and the worst, in milliseconds. */
export interface LoopDelay {
  p99: number;
  max: number;
}

const every = 5;

/** Watches the loop until `end`: a timer of 5 ms, and how late each is. */
export const watchLoop = (): { end(): LoopDelay } => {
  const delays: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - last - every));
    last = now;
  }, every);
  return {
    end: () => {
      clearInterval(timer);
      const sorted = delays.toSorted((a, b) => a - b);
      const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
      return { p99: at(0.99), max: at(1) };
    },
  };
};
