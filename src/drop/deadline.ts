/**
 * The outcome of `work`, or a rejection with `late()` once `progress()` has stood still for `ms` milliseconds. Without
 * `progress` that is simply `ms` after the start. The work itself is not stopped: whoever owns it must do that.
 */
export const within = <T>(
  work: Promise<T>,
  ms: number,
  late: () => Error,
  progress: () => number = () => 0,
): Promise<T> =>
  new Promise((resolve, reject) => {
    let seen = progress();
    let stale = 0;
    // Four looks instead of one long wait: a process that was itself stopped for a while does not blame the other side.
    const timer = setInterval(() => {
      const now = progress();
      stale = now === seen ? stale + 1 : 0;
      seen = now;
      if (stale < 4) return;
      clearInterval(timer);
      reject(late());
    }, ms / 4);
    work.then(resolve, reject).finally(() => clearInterval(timer));
  });
