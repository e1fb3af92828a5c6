/**
 * Syncs for everybody who asks at the same time at once: whoever asks while a sync is under way may have written too late
 * for it, and shares the one behind it.
 */
export const sharedSync = (sync: () => Promise<void>): (() => Promise<void>) => {
  let running = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return (running = sync());
      });
    return next;
  };
};
