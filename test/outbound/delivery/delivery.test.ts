import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault, type Next } from '../../../src/fault.ts';
import { nextAttemptAt } from '../../../src/outbound/delivery/backoff.ts';
import { afterFailure, mayMove } from '../../../src/outbound/delivery/delivery.ts';
import { partialName } from '../../../src/outbound/delivery/partial-name.ts';

const fault = (next: Next) =>
  new Fault({ operation: 'put', object: 'a.csv', reason: 'no', hint: 'ask', next, code: 'denied' });

describe('back-off', () => {
  test('doubles from 10 s to an hour, and takes between half and all of it', () => {
    const waits = [1, 2, 3, 9, 10, 500].map((tries) => nextAttemptAt(tries, 0, () => 1));
    expect(waits).toEqual([10_000, 20_000, 40_000, 2_560_000, 3_600_000, 3_600_000]);
    expect(nextAttemptAt(2, 1000, () => 0)).toBe(11_000);
  });
});

describe('after a failure', () => {
  const plan = { giveUpAfter: 60_000 };
  test('a fault that may pass is tried again', () => {
    const after = afterFailure({ startedAt: 0, tries: 1 }, fault('retry'), 1000, plan, () => 1);
    expect(after).toMatchObject({ state: 'pending', nextAttemptAt: 11_000, trouble: { error: 'put a.csv: no' } });
  });
  test('the last attempt is at the moment of giving up, and then it is held', () => {
    const failed = { startedAt: 0, tries: 9 };
    expect(afterFailure(failed, fault('retry'), 59_000, plan, () => 1)).toMatchObject({ nextAttemptAt: 60_000 });
    const held = afterFailure(failed, fault('retry'), 60_000, plan, () => 1);
    expect(held).toMatchObject({ state: 'held', trouble: { code: 'gave-up' } });
    expect(held.trouble.error).toBe('gave up after 1 min: put a.csv: no');
  });
  test('what a person must change is held at once, a bug says that it is one', () => {
    const judged = (next: Next) => afterFailure({ startedAt: 0, tries: 1 }, fault(next), 0, plan, () => 1);
    expect(judged('hold')).toMatchObject({ state: 'held', trouble: { code: 'denied', hint: 'ask' } });
    expect(judged('refuse')).toMatchObject({ state: 'held' });
    expect(judged('bug').trouble.error).toBe('not foreseen: put a.csv: no');
  });
});

test('only a person brings a finished delivery back', () => {
  expect(mayMove('delivered', 'sending')).toBe(false);
  expect(mayMove('settled', 'sending')).toBe(false);
  expect(mayMove('held', 'sending')).toBe(false);
  expect(mayMove('sending', 'settled')).toBe(false);
  expect(mayMove('delivered', 'pending')).toBe(true);
});

test('a partial name is hidden, never the same twice, and never too long', () => {
  expect(partialName('a.csv', 3)).toMatch(/^\.a\.csv\.3-[0-9a-f]{8}\.part$/);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 255 }), fc.nat(), (text, attempt) => {
      const name = `x${text.replaceAll(/[/\\\p{C}\u2028\u2029]/gu, '_')}`;
      const [one, two] = [partialName(name, attempt), partialName(name, attempt)];
      expect(one).not.toBe(two);
      expect(Buffer.byteLength(one)).toBeLessThanOrEqual(255);
      expect(one.endsWith('.part')).toBe(true);
    }),
  );
});
