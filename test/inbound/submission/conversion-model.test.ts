import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';
import {
  conversionFile,
  conversionOutcomes,
  type ModelConversion,
  type ModelCreated,
  twentieth,
} from './conversion-model.ts';
import { conversionType } from './event-type.ts';
import { codes, makeStage } from './stage.ts';

const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3 * others.length + 3, arbitrary: fc.constant(usual) }, ...others.map((one) => fc.constant(one)));

const money = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 5000 }).map((n) => (n / 100).toFixed(2)) },
  fc.constantFrom('', '1.5.5', '-1', '1.999', 'x'),
);

const line = fc.record<ModelConversion>({
  orderId: fc.constantFrom('A', 'A', 'B', 'B', 'C', ''),
  campaign: often('1000', '999', '10x0'),
  tracker: often('4521', '4522', ''),
  age: often<number | string>(0.5, 40, 87.5, 88.5, 397.5, 398.5, 'yesterday'),
  media: often('7788', '', '', '7789', '8800', '9900', '1'),
  amount: money,
  sku: fc.constantFrom('', 'S1', 'S2', 'S3'),
  quantity: often('1', '3', '0', ''),
  discount: often('', '0', '0.99', '20.00', '-'),
});

const dollars = (n: number): string => (n / 100).toFixed(2);
const suffixed = (lines: readonly ModelConversion[], suffix: string): ModelConversion[] =>
  lines.map((one) => ({ ...one, orderId: one.orderId && one.orderId + suffix }));

describeStores('conversions agree with the model', (open, kind) => {
  test('for any files, one after another, in chunks of any length, dry or not', { timeout: 240_000 }, async () => {
    const store: Store = await open();
    const stage = await makeStage(store, [], conversionType);
    const at = Date.now();
    let run = 0;
    const files = fc.array(fc.array(line, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 5 }), async (all, chunk) => {
        const suffix = `-${++run}`;
        const orders = new Map<string, ModelCreated>();
        for (const [n, short] of all.entries()) {
          const lines = suffixed(short, suffix);
          const file = `${conversionFile(lines, at)}${'\n'.repeat(n)}`; // never the same bytes twice
          const dry = await stage.send(file, { check: true }, chunk);
          const done = await stage.send(file, {}, chunk);
          const expected = conversionOutcomes(orders, lines);
          expect(codes(dry.rows)).toEqual(expected);
          expect(codes(done.rows)).toEqual(expected);
        }
        for (const orderId of ['A', 'B', 'C']) {
          const found = orders.get(orderId + suffix);
          const shown = await stage.shown(orderId + suffix);
          expect(shown).toHaveLength(found ? 1 : 0);
          if (!found) continue;
          const [one] = shown;
          expect(one).toMatchObject({
            ...{ amount: dollars(found.amount), payout: dollars(twentieth(found.amount)), partner: found.partner },
            ...{ status: 'PENDING', journal: [{ change: 'created', line: found.line }] },
          });
          const sum = one?.items.reduce((total, { amount }) => total + Math.round(Number(amount) * 100), 0);
          expect([one?.items.length, sum]).toEqual([found.items, found.items > 0 ? found.amount : 0]);
        }
      }),
      { numRuns: kind === 'sqlite' ? 30 : 6 },
    );
  });
});
