import type { HoldRule } from '../ledger/event-type.ts';
import { type Reading, valueAt } from './problem.ts';
import { leaf, missing, read, strict, whole, Wrong } from './shape.ts';

const percent = leaf((value): number | Wrong => {
  const hint = 'write a percentage from 0 to 100; for example: 30%';
  if (value === undefined || value === null) return missing(hint);
  const digits = typeof value === 'string' ? /^(\d{1,3}(\.\d+)?)\s*%$/.exec(value)?.[1] : undefined;
  return digits !== undefined && Number(digits) <= 100 ? Number(digits) : new Wrong('is not a percentage', hint);
});

const shape = strict({ reversalsOver: percent, atLeast: whole(1, 1_000_000).default(20) });

/** Reads `hold` of an event type's file: from which share of reversals on a file waits for a person. */
export const readHoldSection = (reading: Reading): HoldRule | undefined =>
  valueAt(reading.raw, ['hold']) === undefined ? undefined : read(reading, ['hold'], shape).whole;
