import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exponentOf, formatAmount, formatDigits, isCurrency, parseAmount } from '../src/money.ts';

test('exponents are those of ISO 4217', () => {
  expect(['USD', 'EUR', 'JPY', 'BHD', 'KWD'].map(exponentOf)).toEqual([2, 2, 0, 3, 3]);
  expect(['USD', 'JPY', 'usd', 'US', 'ZZZ', ''].map(isCurrency)).toEqual([true, true, false, false, false, false]);
});

test.each([
  ['12.5', 'USD', 1250n],
  ['-0.99', 'USD', -99n],
  ['1200', 'USD', 120000n],
  ['1200', 'JPY', 1200n],
  ['1.234', 'BHD', 1234n],
  ['0012.50', 'USD', 1250n],
  ['12.500', 'USD', 1250n],
  ['-0', 'USD', 0n],
  ['9999999999999999.99', 'USD', 999999999999999999n],
  ['19.99', 'USD', 1999n], // 19.99 * 100 is 1998.9999999999998 as a float
])('%s %s is %s', (text, currency, amount) => expect(parseAmount(text, currency)).toBe(amount));

test.each([
  '',
  ' 1',
  '1 ',
  '+1',
  '1,5',
  '1,000.00',
  '$1',
  '1.',
  '.5',
  '1e3',
  '0x10',
  'NaN',
  '--1',
  '12.345',
  '١٢',
  '10000000000000000.00',
])('%j is no amount in USD', (text) => expect(parseAmount(text, 'USD')).toBeUndefined());

test('no decimals in yen', () =>
  expect([parseAmount('1.5', 'JPY'), parseAmount('1.0', 'JPY')]).toEqual([undefined, 1n]));

describe('round trips', () => {
  const amount = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });
  test.each(['JPY', 'USD', 'BHD'])('minor units of %s are written and read back', (currency) => {
    fc.assert(
      fc.property(amount, (minor) => {
        const text = formatAmount(minor, currency);
        expect(parseAmount(text, currency)).toBe(minor);
        expect((text.split('.')[1] ?? '').length).toBe(exponentOf(currency));
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/);
      }),
    );
  });

  test('digits are never a float', () => {
    expect(formatDigits('999999999999999999', 2)).toBe('9999999999999999.99');
    expect([formatDigits('-5', 2), formatDigits('5', 3), formatDigits('0', 0)]).toEqual(['-0.05', '0.005', '0']);
  });
});
