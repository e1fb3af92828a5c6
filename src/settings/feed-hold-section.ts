import { z } from 'zod';
import { exponentOf, isCurrency, parseAmount } from '../money.ts';
import type { HoldBounds } from '../outbound/feed/feed.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { read, strict, whole } from './shape.ts';

const shape = strict({ rowsOver: whole(0, 1_000_000_000).optional(), amountOver: z.unknown().optional() });

const example = 'write an amount for each currency; for example: { USD: 250000, EUR: 200000 }';

/** An amount as YAML gives it, in minor units as digits; undefined for what is none. */
const digitsOf = (value: unknown, currency: string): string | undefined => {
  const text = typeof value === 'number' ? String(value) : value;
  const minor = typeof text === 'string' ? parseAmount(text, currency) : undefined;
  return minor === undefined || minor < 0n ? undefined : String(minor);
};

const currencyHint = 'write its ISO 4217 code in capitals; for example: USD';

const readAmounts = (reading: Reading, path: Path): Record<string, string> | undefined => {
  const raw = valueAt(reading.raw, path);
  if (raw === undefined) return undefined;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || Object.keys(raw).length === 0) {
    report(reading, path, 'does not say of which currency', example);
    return undefined;
  }
  const amounts: Record<string, string> = {};
  for (const [code, value] of Object.entries(raw)) {
    if (!isCurrency(code)) {
      report(reading, [...path, code], `"${code}" is not a currency`, currencyHint);
      continue;
    }
    const digits = digitsOf(value, code);
    if (digits !== undefined) amounts[code] = digits;
    else {
      const message = `is not an amount of ${code} from 0 on, with at most ${exponentOf(code)} decimals`;
      report(reading, [...path, code], message, 'write a plain number, such as 250000 or "250000.50"');
    }
  }
  return amounts;
};

/** Reads `hold` of a feed: beyond which rows or amounts a batch waits for a person. */
export const readFeedHold = (reading: Reading, path: Path): HoldBounds | undefined => {
  if (valueAt(reading.raw, path) === undefined) return undefined;
  const { good, whole: section } = read(reading, path, shape);
  const amountOver = readAmounts(reading, [...path, 'amountOver']);
  const { rowsOver } = good;
  if (section && rowsOver === undefined && section.amountOver === undefined)
    report(reading, path, 'says nothing', 'write { rowsOver: 50000 }, { amountOver: { USD: 250000 } } or both');
  return { ...(rowsOver !== undefined && { rowsOver }), ...(amountOver && { amountOver }) };
};
