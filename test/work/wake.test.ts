import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { wakeEvery } from '../../src/work/wake.ts';
import { until } from '../until.ts';

const unexpected = (error: unknown): void => {
  throw error;
};

test('it wakes again and again, never twice at a time, and stops when the last has ended', async () => {
  let [now, most, count] = [0, 0, 0];
  const wake = wakeEvery(
    1,
    async () => {
      most = Math.max(most, ++now);
      await pause(1300); // longer than the beat
      count++;
      now--;
    },
    unexpected,
  );
  await until(() => count >= 2 && now === 1, 'the third runs');
  await wake.stop();
  expect(now).toBe(0);
  const after = count;
  await pause(1500);
  expect(count).toBe(after);
  expect(most).toBe(1);
});

test('an error is handed over, and it goes on', async () => {
  const errors: unknown[] = [];
  const wake = wakeEvery(
    1,
    () => Promise.reject(new Error('no luck')),
    (error) => errors.push(error),
  );
  await until(() => errors.length >= 2, 'two errors');
  await wake.stop();
  expect(errors[0]).toMatchObject({ message: 'no luck' });
});

test('a clock that is set wakes at once, back or forth, and the beat goes on', async () => {
  let offset = 0;
  const wakes: number[] = [];
  const real = Date.now.bind(Date);
  const clock = { now: () => real() + offset };
  const wake = wakeEvery(30, () => Promise.resolve(void wakes.push(offset)), unexpected, clock);
  await pause(300);
  offset = -3_600_000;
  await until(() => wakes.includes(-3_600_000), 'it wakes at the clock that was set');
  offset = 7_200_000;
  await until(() => wakes.includes(7_200_000), 'it wakes at the clock that was set');
  await wake.stop();
});

test('nothing is written to the console', async () => {
  const spies = (['log', 'warn', 'error', 'info'] as const).map((name) => vi.spyOn(console, name));
  let woken = 0;
  const wake = wakeEvery(1, async () => void (await pause(1200), woken++), unexpected);
  await until(() => woken >= 2, 'it has woken twice');
  await wake.stop();
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
