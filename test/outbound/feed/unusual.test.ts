import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HoldBounds } from '../../../src/outbound/feed/feed.ts';
import type { CurrencySum } from '../../../src/outbound/feed/render-message.ts';
import { boundsText, boundsLine, unusualBatch } from '../../../src/outbound/feed/unusual.ts';

const sum = (currency: string, amount: string, delta?: string): CurrencySum => ({
  ...{ currency, rows: 1, amount },
  ...(delta !== undefined && { delta }),
});

const both: HoldBounds = { rowsOver: 100, amountOver: { USD: '25000000', JPY: '30000' } };

describe('an unusual batch', () => {
  test.each<[string, HoldBounds | undefined, number, CurrencySum[], string | undefined]>([
    ['no bounds', undefined, 1_000_000, [sum('USD', '99999999999')], undefined],
    ['exactly as many rows', both, 100, [], undefined],
    ['a row more', both, 101, [], 'it has 101 rows, and the bound is 100'],
    ['exactly as much', both, 1, [sum('USD', '25000000'), sum('JPY', '30000')], undefined],
    [
      'a cent more',
      both,
      1,
      [sum('USD', '25000001')],
      'its amounts come to USD 250000.01, and the bound is USD 250000.00',
    ],
    ['a currency without decimals', both, 1, [sum('JPY', '30001')], 'come to JPY 30001, and the bound is JPY 30000'],
    ['a currency without a bound', both, 1, [sum('EUR', '999999999999')], undefined],
    ['a name that every object has', both, 1, [sum('constructor', '9')], undefined],
    [
      'far below zero',
      both,
      1,
      [sum('USD', '-25000001')],
      'USD -250000.01, and the bound, either way, is USD 250000.00',
    ],
    ['changes count by what they move', both, 1, [sum('USD', '99999999', '-100')], undefined],
    ['changes that take back much', both, 1, [sum('USD', '0', '-25000001')], 'its changes come to USD -250000.01'],
    ['only amounts are bounded', { amountOver: { USD: '0' } }, 9_999_999, [sum('USD', '0')], undefined],
    ['nothing is allowed', { rowsOver: 0 }, 1, [], 'it has 1 rows, and the bound is 0'],
  ])('%s', (_, bounds, rows, sums, said) => {
    const held = unusualBatch(bounds, { rows, sums });
    if (said === undefined) expect(held).toBeUndefined();
    else expect(held).toMatchObject({ code: 'unusual', error: expect.stringContaining(said) as string });
  });

  test('says all that is over', () => {
    const held = unusualBatch(both, { rows: 101, sums: [sum('JPY', '40000'), sum('USD', '25000001')] });
    expect(held?.error).toBe(
      'the batch is unusual: it has 101 rows, and the bound is 100; its amounts come to JPY 40000, and the bound is JPY ' +
        '30000; its amounts come to USD 250000.01, and the bound is USD 250000.00; nothing of it was sent',
    );
    expect(held?.hint).toContain('release');
  });

  test('holds exactly what is over a bound, whatever the numbers', () => {
    const digits = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    const bound = fc.bigInt({ min: 0n, max: 10n ** 18n });
    fc.assert(
      fc.property(digits, bound, fc.nat(), fc.nat(), (amount, over, rows, rowsOver) => {
        const bounds = { rowsOver, amountOver: { USD: String(over) } };
        const held = unusualBatch(bounds, { rows, sums: [sum('EUR', '1'), sum('USD', String(amount))] });
        const size = amount < 0n ? -amount : amount;
        expect(held !== undefined).toBe(rows > rowsOver || size > over);
      }),
    );
  });

  test('bounds as lists show them', () => {
    expect(boundsText(boundsLine(both))).toBe('100 rows, USD 250000.00, JPY 30000');
    expect(boundsText(boundsLine({ amountOver: { BHD: '1' } }))).toBe('BHD 0.001');
  });
});
