import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';
import { modelFile, type ModelLine, type ModelOrder, outcomeIn, payoutOf } from './model.ts';
import { codes, makeStage, order } from './stage.ts';

const created = [10_000, 9_990, 0];
const orderIds = created.map((_, i) => `O${i}`);
const line = fc.record<ModelLine>({
  orderId: fc.constantFrom(...orderIds, 'LOCKED', 'NOBODY'),
  amount: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('', '0', '0.00', '100.00', '99.90', '1,5', '-1', '1.999', '12.345') },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 30_000 }).map((n) => (n / 100).toFixed(2)) },
  ),
  reason: fc.constantFrom('ORDER_UPDATE', 'OTHER', 'RESET', 'DAMAGED', 'VALIDATED', 'SEEN', 'damaged', ''),
  tracker: fc.constantFrom('4521', '4521', '4521', '4521', '4522', ''),
});

const dollars = (n: number): string => (n / 100).toFixed(2);

const modelOf = (suffix: string): Map<string, ModelOrder> => {
  const fresh = { status: 'PENDING', locked: false, changes: 0 } as const;
  const orders = created.map((amount, i): [string, ModelOrder] => [
    `O${i}${suffix}`,
    { ...fresh, amount, created: amount },
  ]);
  return new Map([...orders, [`LOCKED${suffix}`, { ...fresh, amount: 500, created: 500, locked: true }]]);
};

const ledgerOf = (suffix: string): string[] => [
  ...created.map((amount, i) =>
    order(`O${i}${suffix}`, { amount: dollars(amount), payout: dollars(payoutOf({ amount } as ModelOrder)) }),
  ),
  order(`LOCKED${suffix}`, { amount: '5.00', payout: '0.50', days: 40 }),
];

describeStores('outcomes agree with the model', (open, kind) => {
  test('for any files, one after another, in chunks of any length, dry or not', { timeout: 240_000 }, async () => {
    const store: Store = await open();
    const stage = await makeStage(store, []);
    let run = 0;
    const files = fc.array(fc.array(line, { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 5 }), async (all, chunk) => {
        const suffix = `-${++run}`;
        const model = modelOf(suffix);
        await stage.addOrders(ledgerOf(suffix));
        for (const [n, short] of all.entries()) {
          const lines = short.map((one) => ({ ...one, orderId: one.orderId + suffix }));
          const file = `${modelFile(lines)}${'\n'.repeat(n)}`; // never the same bytes twice
          const dry = await stage.send(file, { check: true }, chunk);
          const done = await stage.send(file, {}, chunk);
          const expected = lines.map((one) => outcomeIn(model, one));
          expect(codes(dry.rows)).toEqual(expected);
          expect(codes(done.rows)).toEqual(expected);
        }
        for (const [orderId, found] of model) {
          const [shown] = await stage.shown(orderId);
          const { amount, status, changes } = found;
          const payout = orderId.startsWith('O2') ? '0.00' : dollars(payoutOf(found));
          expect(shown).toMatchObject({ amount: dollars(amount), status, payout });
          expect(shown?.journal).toHaveLength(changes + 1);
        }
      }),
      { numRuns: kind === 'sqlite' ? 30 : 6 },
    );
  });
});
