import { expect, test } from 'vitest';
import { whileInterruptible } from '../../src/cli/interrupt.ts';
import { Fault } from '../../src/fault.ts';

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

const interrupted = (fail: () => Error): Promise<never> =>
  whileInterruptible(async (signal) => {
    const told = untilAborted(signal);
    process.emit('SIGINT');
    process.emit('SIGINT'); // npm passes on what the terminal has sent already: still the same one
    await told;
    throw fail();
  });

test('work that was cut off rejects with the interruption, whatever it stumbled over', async () => {
  await expect(interrupted(() => new TypeError('terminated'))).rejects.toMatchObject({ name: 'AbortError' });
});

test('a Fault that names its cause stays, and without a signal nothing is changed', async () => {
  const details = { operation: 'write', object: 'x', reason: 'the disk is full', hint: 'free some', code: 'disk-full' };
  const full = new Fault({ ...details, next: 'retry' });
  await expect(interrupted(() => full)).rejects.toBe(full);
  const bug = new TypeError('a bug');
  await expect(whileInterruptible(() => Promise.reject(bug))).rejects.toBe(bug);
  expect(process.listenerCount('SIGINT')).toBe(0);
});
