/** A terminal sends Ctrl-C to npm, the bin and us, and those pass it on: what comes so soon is the same one. */
const sameMs = 1000;

/**
 * Resolves at the first SIGTERM or SIGINT; a later one ends the process at once. SIGHUP calls `onReload`; calls never
 * overlap.
 */
export const untilToldToStop = (onReload: () => Promise<void>): Promise<NodeJS.Signals> => {
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => void (reloading = reloading.then(onReload)));
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        const now = performance.now();
        if (first === undefined) resolve(signal);
        else if (now - first > sameMs) process.exit(1);
        first ??= now;
      });
    }
  });
};
