import type { Minor } from '../money.ts';
import type { PayoutRule } from './event-type.ts';

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** `numerator / denominator` as a whole number, halves to the even neighbour, so that many of them do not drift. */
export const divideHalfEven = (numerator: bigint, denominator: bigint): bigint => {
  const quotient = numerator / denominator;
  const rest = abs(numerator % denominator) * 2n;
  const up = rest > abs(denominator) || (rest === abs(denominator) && quotient % 2n !== 0n);
  if (!up) return quotient;
  return numerator < 0n === denominator < 0n ? quotient + 1n : quotient - 1n;
};

const percentOf = (amount: Minor, percent: string): Minor => {
  const [whole = '0', fraction = ''] = percent.split('.');
  return divideHalfEven(amount * BigInt(whole + fraction), 100n * 10n ** BigInt(fraction.length));
};

/**
 * The payout for a new amount, both in minor units, exact, halves to even. `proportional` always starts from what the
 * transaction was created with, so that a change and its undoing give the same payout again; with an original amount of
 * 0 there is no proportion and the original payout stays.
 */
export const payoutFor = (rule: PayoutRule, original: { amount: Minor; payout: Minor }, amount: Minor): Minor => {
  switch (rule.kind) {
    case 'proportional':
      return original.amount === 0n ? original.payout : divideHalfEven(original.payout * amount, original.amount);
    case 'keep':
      return original.payout;
    case 'percent':
      return percentOf(amount, rule.percent);
    default:
      return rule satisfies never;
  }
};

/**
 * The payout of a transaction that comes without one: by the rule's percentage. The other rules start from what was paid
 * at first, which nobody has said, so it is 0.
 */
export const payoutOfNew = (rule: PayoutRule, amount: Minor): Minor =>
  rule.kind === 'percent' ? percentOf(amount, rule.percent) : 0n;
