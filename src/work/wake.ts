import { performance } from 'node:perf_hooks';
import { createTask, type Logger, type ScheduledTask } from 'node-cron';
import { type Clock, systemClock } from '../clock.ts';

/** node-cron warns on stdout by itself; what matters is said by the code that is woken. */
const silent: Logger = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** How far wall clock and real time may part between two looks before the clock counts as set (milliseconds). */
const stepMs = 1500;
const lookEveryMs = 250;

export interface Wake {
  /** Wakes at once, unless a wake-up is running. */
  now(): void;
  /** Wakes no more, and resolves when the wake-up that is running has ended. */
  stop(): Promise<void>;
}

/**
 * Calls `onWake` every `seconds` (1 to 30). Wake-ups never overlap: while one runs, others are left out. What is due is
 * decided elsewhere, by instants; this only wakes. `onError` gets what `onWake` throws. node-cron (owned by this file)
 * waits for the wall clock it once expected, so it would sleep for an hour after the clock was set back and walk
 * through every second after a long sleep of the machine: when the clock was set, it is started anew.
 */
export const wakeEvery = (
  seconds: number,
  onWake: () => Promise<void>,
  onError: (error: unknown) => void,
  clock: Clock = systemClock,
): Wake => {
  let running: Promise<void> | undefined;
  const wake = (): void => {
    running ??= Promise.resolve()
      .then(onWake)
      .catch(onError)
      .finally(() => (running = undefined));
  };
  let task = startTask(seconds, wake);
  const stopLooking = onClockSet(clock, () => {
    void task.destroy();
    task = startTask(seconds, wake);
    wake();
  });
  let stopped = false;
  return {
    now: () => {
      if (!stopped) wake();
    },
    stop: async () => {
      stopped = true;
      stopLooking();
      await task.destroy();
      await running;
    },
  };
};

const startTask = (seconds: number, wake: () => void): ScheduledTask => {
  const task = createTask(`*/${seconds} * * * * *`, wake, { timezone: 'UTC', logger: silent });
  void task.start();
  return task;
};

/** Calls `listener` when the wall clock has moved differently from real time. Returns how to stop. */
const onClockSet = (clock: Clock, listener: () => void): (() => void) => {
  const drift = () => clock.now() - performance.now();
  let before = drift();
  const timer = setInterval(() => {
    const now = drift();
    if (Math.abs(now - before) > stepMs) listener();
    before = now;
  }, lookEveryMs);
  return () => clearInterval(timer);
};
