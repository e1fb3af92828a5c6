import { exponentOf, formatDigits } from '../../money.ts';
import type { Trouble } from '../delivery/delivery.ts';
import type { HoldBounds } from './feed.ts';
import type { CurrencySum } from './render-message.ts';

/** What a batch holds, all its files together. */
export interface BatchMeasure {
  rows: number;
  sums: readonly CurrencySum[];
}

const hint =
  'look at the file and its sums; if they are right, release the delivery; if not, settle it and write to the partner';

const size = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

const ofAmount = ({ currency, amount, delta }: CurrencySum, bound: string): string[] => {
  const sum = delta ?? amount;
  if (size(BigInt(sum)) <= BigInt(bound)) return [];
  const shown = (digits: string): string => `${currency} ${formatDigits(digits, exponentOf(currency))}`;
  const what = delta === undefined ? 'its amounts come to' : 'its changes come to';
  return [`${what} ${shown(sum)}, and ${BigInt(sum) < 0n ? 'the bound, either way,' : 'the bound'} is ${shown(bound)}`];
};

/**
 * Why the deliveries of a batch wait for a person, or undefined when it is as usual. Amounts are the sums of a manifest,
 * currency by currency: with every change a row of its own, by how much all changes move what is owed. A large sum below
 * zero is as unusual as one above. Pure.
 */
export const unusualBatch = (bounds: HoldBounds | undefined, { rows, sums }: BatchMeasure): Trouble | undefined => {
  if (!bounds) return undefined;
  const { rowsOver, amountOver = {} } = bounds;
  const reasons = [
    ...(rowsOver !== undefined && rows > rowsOver ? [`it has ${rows} rows, and the bound is ${rowsOver}`] : []),
    ...sums.flatMap((sum) => {
      const bound = Object.hasOwn(amountOver, sum.currency) ? amountOver[sum.currency] : undefined;
      return bound === undefined ? [] : ofAmount(sum, bound);
    }),
  ];
  if (reasons.length === 0) return undefined;
  return { error: `the batch is unusual: ${reasons.join('; ')}; nothing of it was sent`, hint, code: 'unusual' };
};

/** The bounds as lists show them: amounts as decimals of their currency. */
export interface BoundsLine {
  rowsOver?: number;
  amountOver?: Record<string, string>;
}

export const boundsLine = ({ rowsOver, amountOver }: HoldBounds): BoundsLine => {
  const shown = Object.entries(amountOver ?? {}).map(
    ([currency, digits]) => [currency, formatDigits(digits, exponentOf(currency))] as const,
  );
  return {
    ...(rowsOver !== undefined && { rowsOver }),
    ...(amountOver && { amountOver: Object.fromEntries(shown) }),
  };
};

/** The bounds in words: `50000 rows, USD 250000.00`. */
export const boundsText = ({ rowsOver, amountOver = {} }: BoundsLine): string =>
  [
    ...(rowsOver === undefined ? [] : [`${rowsOver} rows`]),
    ...Object.entries(amountOver).map(([currency, amount]) => `${currency} ${amount}`),
  ].join(', ');
