import { setTimeout as pause } from 'node:timers/promises';

/** Connections of this process, by drop. The limit is the process's own, so its count is too. */
const open = new Map<string, number>();

const lookAgainMs = 50;

/** How many connections to a drop at the same time, when nothing else is said. */
export const defaultSessions = 4;

/**
 * Waits until fewer than `most` connections to the drop are open in this process, and counts one more. Resolves to the
 * function that counts it out again; it may be called twice. Rejects when `signal` fires.
 */
export const takeSlot = async (dropName: string, most: number, signal?: AbortSignal): Promise<() => void> => {
  while ((open.get(dropName) ?? 0) >= most) await pause(lookAgainMs, undefined, signal && { signal });
  open.set(dropName, (open.get(dropName) ?? 0) + 1);
  let free = false;
  return () => {
    if (free) return;
    free = true;
    const left = (open.get(dropName) ?? 1) - 1;
    if (left > 0) open.set(dropName, left);
    else open.delete(dropName);
  };
};
