/** Several pieces of work side by side, at most one for each key: a slow feed does not keep the others waiting. */
export interface Lanes {
  isFree(key: string): boolean;
  /** Starts it when its key and a lane are free, and says whether it did. `work` never rejects: it has its own edge. */
  start(key: string, work: () => Promise<void>): boolean;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export const makeLanes = (width: number): Lanes => {
  const running = new Map<string, Promise<void>>();
  const isFree = (key: string): boolean => running.size < width && !running.has(key);
  return {
    isFree,
    start: (key, work) => {
      if (!isFree(key)) return false;
      const going = work().finally(() => running.delete(key));
      running.set(key, going);
      return true;
    },
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running.values());
    },
  };
};

/** Room for so many at a time; those who wait get it in the order of their `rank`, smallest first. */
export interface Slots {
  /** Whether work that is given now would have to wait. */
  isFull(): boolean;
  /** Does the work when there is room for it. */
  within<T>(rank: number, work: () => Promise<T>): Promise<T>;
}

export const makeSlots = (width: number): Slots => {
  const waiting: { rank: number; enter: () => void }[] = [];
  let taken = 0;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next.enter();
    else taken--;
  };
  const enter = (rank: number): Promise<void> => {
    if (taken < width) return Promise.resolve(void taken++);
    return new Promise((resolve) => {
      waiting.push({ rank, enter: resolve });
      waiting.sort((a, b) => a.rank - b.rank);
    });
  };
  return {
    isFull: () => taken >= width,
    within: async (rank, work) => {
      await enter(rank);
      return work().finally(leave);
    },
  };
};
