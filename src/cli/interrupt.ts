import { asFault } from '../fault.ts';

/** A terminal sends Ctrl-C to npm, the bin and us, and those pass it on: what comes so soon is the same one. */
const sameMs = 1000;

/**
 * SIGINT and SIGTERM as an AbortSignal while a command works: it stops where it is safe. A second one ends it at once.
 * What then fails in a way that nobody foresaw is the work being cut off, not a bug: it rejects with the signal's reason.
 */
export const whileInterruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  let first: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    if (first !== undefined && now - first > sameMs) process.exit(1);
    first ??= now;
    stop.abort();
  };
  ['SIGINT', 'SIGTERM'].forEach((name) => process.on(name, onSignal));
  try {
    return await work(stop.signal);
  } catch (error) {
    throw stop.signal.aborted && asFault(error, 'run', '').next === 'bug' ? stop.signal.reason : error;
  } finally {
    ['SIGINT', 'SIGTERM'].forEach((name) => process.off(name, onSignal));
  }
};
