import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  judge,
  type Modification,
  mostModifications,
  type Standing,
  type Terms,
} from '../../src/ledger/modification.ts';
import { divideHalfEven, payoutFor } from '../../src/ledger/payout.ts';

const lockingDate = 1_800_000_000_000;
const items = [
  { sku: 'A', category: null, quantity: 2, amount: 6000n },
  { sku: 'B', category: 'shoes', quantity: 1, amount: 4000n },
];
const original = { amount: 10_000n, payout: 1000n, customerStatus: 'NEW', items };
const standing = (changes: Partial<Standing> = {}): Standing => ({
  ...original,
  status: 'PENDING',
  lockingDate,
  original,
  modifications: 0,
  ...changes,
});
const own = [
  { code: 'VALIDATED_ORDER', name: 'Validated', action: 'approve' as const },
  { code: 'DAMAGED', name: 'Damaged', action: 'reject' as const },
  { code: 'SEEN', name: 'Seen', action: 'none' as const },
  { code: 'OTHER', name: 'Ours now', action: 'reject' as const },
];
const locking = { kind: 'afterEvent' as const, days: 30 };
const eventType = { payout: { kind: 'proportional' as const }, dispositions: own, locking };
const verdict = (modification: Partial<Modification>, found: Partial<Standing> = {}, now = lockingDate - 1) =>
  judge(standing(found), { reason: 'ORDER_UPDATE', ...modification }, eventType, now);
const outcomeOf = (...args: Parameters<typeof verdict>) => verdict(...args).outcome;
const afterOf = (...args: Parameters<typeof verdict>): Terms => {
  const found = verdict(...args);
  if (!('after' in found)) throw new Error(found.outcome);
  return found.after;
};

describe('the outcome of a modification', () => {
  test.each([
    ['a new total', { amount: 5000n }, {}, 'MODIFIED'],
    ['the same total', { amount: 10_000n }, {}, 'NO_CHANGE'],
    ['nothing at all', {}, {}, 'NO_CHANGE'],
    ['another customer status', { customerStatus: 'EXISTING' }, {}, 'MODIFIED'],
    ['the same customer status', { customerStatus: 'NEW' }, {}, 'NO_CHANGE'],
    ['a total of 0', { amount: 0n }, {}, 'REVERSED'],
    ['a code of its own that approves', { reason: 'VALIDATED_ORDER' }, {}, 'APPROVED'],
    ['a code of its own that rejects', { reason: 'DAMAGED', amount: 10_000n }, {}, 'REVERSED'],
    ['a code of its own that does nothing', { reason: 'SEEN', amount: 5n }, {}, 'NO_CHANGE'],
    ['its own meaning of a standard code', { reason: 'OTHER', amount: 5n }, {}, 'REVERSED'],
    ['an unknown reason', { reason: 'damaged', amount: 5n }, {}, 'BAD_DISPOSITION'],
    ['no reason', { reason: '', amount: 5n }, {}, 'BAD_DISPOSITION'],
    ['APPROVED where it is not set up', { reason: 'APPROVED' }, {}, 'BAD_DISPOSITION'],
    ['an item that is not there', { items: [{ sku: 'C', quantity: 1, amount: 5n }] }, {}, 'UNKNOWN_SKU'],
    ['RESET of what never changed', { reason: 'RESET' }, {}, 'NO_CHANGE'],
    ['RESET of what did', { reason: 'RESET' }, { amount: 5n }, 'RESET'],
    ['RESET of what was reversed', { reason: 'RESET' }, { status: 'REVERSED' }, 'RESET'],
    ['RESET of what was approved', { reason: 'RESET' }, { status: 'APPROVED' }, 'RESET'],
  ] as [string, Partial<Modification>, Partial<Standing>, string][])('%s', (_, modification, found, outcome) => {
    expect(outcomeOf(modification, found)).toBe(outcome);
  });

  test('0 on an original amount of 0 is an amount like any other', () => {
    const free = { ...original, amount: 0n, payout: 50n, items: [] };
    expect(outcomeOf({ amount: 0n }, { ...free, original: free })).toBe('NO_CHANGE');
    const after = afterOf({ amount: 0n }, { ...free, amount: 700n, original: free });
    expect(after).toMatchObject({ amount: 0n, payout: 50n, status: 'PENDING' });
  });

  test('the checks come in their public order', () => {
    const all: Partial<Standing> = { status: 'REVERSED', modifications: mostModifications };
    expect(outcomeOf({ reason: 'x', amount: 5n }, all, lockingDate)).toBe('BAD_DISPOSITION');
    expect(outcomeOf({ amount: 5n }, all, lockingDate)).toBe('ALREADY_REVERSED');
    expect(outcomeOf({ amount: 5n }, { ...all, status: 'APPROVED' }, lockingDate)).toBe('ALREADY_LOCKED');
    expect(outcomeOf({ amount: 5n }, { ...all, status: 'APPROVED' })).toBe('ALREADY_APPROVED');
    expect(outcomeOf({ amount: 10_000n }, { ...all, status: 'PENDING' })).toBe('MODIFICATION_LIMIT');
    expect(outcomeOf({ reason: 'RESET' }, all)).toBe('MODIFICATION_LIMIT');
    expect(outcomeOf({ reason: 'RESET' }, all, lockingDate)).toBe('ALREADY_LOCKED');
  });

  test('it is locked from the very millisecond on', () => {
    expect(outcomeOf({ amount: 5n }, {}, lockingDate - 1)).toBe('MODIFIED');
    expect(outcomeOf({ amount: 5n }, {}, lockingDate)).toBe('ALREADY_LOCKED');
  });

  test('with open-ended locking a change of the whole order always settles it', () => {
    const open = { ...eventType, locking: { kind: 'open' as const } };
    const outcome = (modification: Partial<Modification>) =>
      judge(standing({}), { reason: 'ORDER_UPDATE', ...modification }, open, lockingDate - 1);
    expect(outcome({ amount: 5000n })).toMatchObject({ outcome: 'APPROVED', after: { amount: 5000n } });
    expect(outcome({ amount: original.amount })).toMatchObject({ outcome: 'APPROVED', change: 'approved' });
    expect(outcome({ amount: 0n })).toMatchObject({ outcome: 'REVERSED' });
    expect(outcome({ items: [{ sku: 'B', quantity: 1, amount: 1500n }] })).toMatchObject({ outcome: 'MODIFIED' });
    expect(outcome({ reason: 'SEEN', amount: 5000n })).toEqual({ outcome: 'NO_CHANGE' });
  });

  test('the limit lets the last one pass', () => {
    expect(outcomeOf({ amount: 5n }, { modifications: mostModifications - 1 })).toBe('MODIFIED');
    expect(outcomeOf({ amount: 5n }, { modifications: mostModifications })).toBe('MODIFICATION_LIMIT');
  });
});

describe('what becomes of the transaction', () => {
  test('the total follows the items, and the payout the total', () => {
    const after = afterOf({ items: [{ sku: 'B', quantity: 1, amount: 1500n }] });
    expect(after).toMatchObject({ amount: 7500n, payout: 750n, status: 'PENDING' });
    expect(after.items.map(({ amount }) => amount)).toEqual([6000n, 1500n]);
  });

  test('a quantity of 0 drops the item, and all of them reverse the order', () => {
    const after = afterOf({ items: [{ sku: 'A', quantity: 0, amount: 6000n }] });
    expect(after).toMatchObject({ amount: 4000n, items: [{ quantity: 0, amount: 0n }, { quantity: 1 }] });
    const none = { quantity: 0, amount: 0n };
    const both = verdict({ items: ['A', 'B'].map((sku) => ({ sku, ...none })) });
    expect(both).toMatchObject({ outcome: 'REVERSED', after: { amount: 0n, payout: 0n, status: 'REVERSED' } });
  });

  test('the total moves by what the items move by', () => {
    const shipped = { amount: 11_000n, original: { ...original, amount: 11_000n } };
    expect(outcomeOf({ items: [{ sku: 'A', quantity: 2, amount: 6000n }] }, shipped)).toBe('NO_CHANGE');
    expect(afterOf({ items: [{ sku: 'B', quantity: 0, amount: 0n }] }, shipped).amount).toBe(7000n);
    const cut = { amount: 5000n };
    expect(afterOf({ items: [{ sku: 'B', quantity: 0, amount: 0n }] }, cut).amount).toBe(1000n);
    expect(outcomeOf({ items: [{ sku: 'B', quantity: 0, amount: 0n }] }, { amount: 3000n })).toBe('OUT_OF_RANGE');
  });

  test('what the ledger cannot hold is refused', () => {
    expect(outcomeOf({ amount: 10n ** 18n - 1n })).toBe('MODIFIED');
    expect(outcomeOf({ amount: 10n ** 18n })).toBe('OUT_OF_RANGE');
    const dear = { ...original, amount: 1n, payout: 100n };
    expect(outcomeOf({ amount: 10n ** 17n }, { ...dear, original: dear })).toBe('OUT_OF_RANGE');
  });

  test('RESET brings back amount, payout, items and state', () => {
    const gone = { amount: 0n, payout: 0n, status: 'REVERSED' as const, customerStatus: 'EXISTING' };
    const found = { ...gone, items: items.map((item) => ({ ...item, quantity: 0, amount: 0n })) };
    expect(afterOf({ reason: 'RESET' }, found)).toEqual({ ...original, status: 'PENDING' });
  });

  test('an approval may bring the final total with it', () => {
    const after = afterOf({ reason: 'VALIDATED_ORDER', amount: 9000n });
    expect(after).toMatchObject({ amount: 9000n, payout: 900n, status: 'APPROVED' });
  });
});

describe('payouts', () => {
  test('halves go to the even neighbour, on both sides of 0', () => {
    const halves = [5n, 15n, 25n, 35n, -5n, -15n, -25n].map((value) => divideHalfEven(value, 10n));
    expect(halves).toEqual([0n, 2n, 2n, 4n, 0n, -2n, -2n]);
    expect([14n, 16n, -14n, -16n].map((value) => divideHalfEven(value, 10n))).toEqual([1n, 2n, -1n, -2n]);
    expect(divideHalfEven(-16n, -10n)).toBe(2n);
  });

  test('each rule', () => {
    const from = { amount: 3000n, payout: 100n };
    expect(payoutFor({ kind: 'proportional' }, from, 1500n)).toBe(50n);
    expect(payoutFor({ kind: 'proportional' }, { amount: 0n, payout: 7n }, 1500n)).toBe(7n);
    expect(payoutFor({ kind: 'keep' }, from, 1500n)).toBe(100n);
    expect(payoutFor({ kind: 'percent', percent: '5' }, from, 1510n)).toBe(76n);
    expect(payoutFor({ kind: 'percent', percent: '2.5' }, from, 1500n)).toBe(38n);
  });

  test('a proportional payout does not drift: back to the first amount is back to the first payout', () => {
    const money = fc.bigInt({ min: 1n, max: 10n ** 12n });
    fc.assert(
      fc.property(money, money, fc.array(money), (amount, payout, steps) => {
        const first = { amount, payout, customerStatus: null, items: [] };
        let now = standing({ ...first, original: first });
        for (const next of [...steps, amount]) {
          const found = judge(now, { reason: 'ORDER_UPDATE', amount: next }, eventType, 0);
          if ('after' in found) now = { ...now, ...found.after };
        }
        expect(now).toMatchObject({ amount, payout });
      }),
    );
  });

  test('within half a unit of the exact share', () => {
    const any = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
    fc.assert(
      fc.property(
        any,
        any.filter((value) => value !== 0n),
        (numerator, denominator) => {
          const rest = numerator - divideHalfEven(numerator, denominator) * denominator;
          expect((rest < 0n ? -rest : rest) * 2n).toBeLessThanOrEqual(denominator < 0n ? -denominator : denominator);
        },
      ),
    );
  });
});
