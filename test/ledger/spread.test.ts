import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spread } from '../../src/ledger/spread.ts';

const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });

test('a spread total is whole again, each part is its share to the unit, and the larger remainder comes first', () => {
  fc.assert(
    fc.property(amount, fc.array(amount, { minLength: 1, maxLength: 20 }), (total, weights) => {
      const sum = weights.reduce((a, b) => a + b, 0n);
      fc.pre(sum > 0n);
      const parts = spread(total, weights);
      expect(parts.reduce((a, b) => a + b, 0n)).toBe(total);
      for (const [i, part] of parts.entries()) {
        const floor = (total * (weights[i] ?? 0n)) / sum;
        expect(part - floor === 0n || part - floor === 1n).toBe(true);
      }
    }),
  );
  expect(spread(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n]);
  expect(spread(10n, [6n, 3n, 0n, 2n])).toEqual([5n, 3n, 0n, 2n]);
  expect(spread(0n, [0n, 0n])).toEqual([0n, 0n]);
});
