import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { InPoint } from '../../src/commit-point.ts';
import type { Store } from '../../src/store/store.ts';
import {
  conversionFile,
  conversionOutcomes,
  type ModelConversion,
  type ModelCreated,
  twentieth,
} from '../inbound/submission/conversion-model.ts';
import { conversionType } from '../inbound/submission/event-type.ts';
import { makeStage } from '../inbound/submission/stage.ts';
import { describeStores } from '../stores.ts';
import { ask } from './plain-sql.ts';
import { randomOf, seed } from './random.ts';
import type { SubmissionErrand } from './submission-child.ts';

const entry = fileURLToPath(new URL('submission-child.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdrop', import.meta.url));

const chunkLines = 4;

/** Orders of one row and of several, some that stand apart, some that name nobody, some twice. */
const randomLines = (): ModelConversion[] => {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const usual = { campaign: '1000', tracker: '4521', age: 1, quantity: '2', discount: '' };
  return Array.from({ length: 5 * chunkLines }, () => ({
    ...usual,
    orderId: pick(['A', 'A', 'B', 'C', 'D', 'E']),
    media: pick(['7788', '7788', '7788', '8800', '']),
    amount: pick(['1.00', '25.50', '0.30']),
    sku: pick(['', 'S1', 'S2']),
  }));
};

type Row = Record<string, unknown>;

/** What a plain program finds in the database, in the shape of what the model says. */
const foundIn = async (url: string) => {
  const number = (value: unknown): number => Number(value);
  const outcomes = await ask<Row>(url, 'select outcome from submission_rows order by number');
  const created = await ask<Row>(
    url,
    `select t.order_id, t.partner, t.amount, t.payout, j.line,
       (select count(*) from items i where i.transaction_id = t.id) as items
     from transactions t join journal j on j.sequence = t.id order by t.id`,
  );
  const entries = await ask<Row>(url, 'select count(*) as n from journal');
  const unmatched = await ask<Row>(url, 'select order_id from unmatched_conversions where transaction_id is null');
  return {
    outcomes: outcomes.map((row) => String(row['outcome'])),
    created: created.map((row) => [
      ...[String(row['order_id']), String(row['partner'])],
      ...['amount', 'payout', 'line', 'items'].map((name) => number(row[name])),
    ]),
    entries: number(entries[0]?.['n']),
    unmatched: unmatched.map((row) => String(row['order_id'])).sort(),
  };
};

const expectedOf = (lines: readonly ModelConversion[]) => {
  const orders = new Map<string, ModelCreated>();
  const outcomes = conversionOutcomes(orders, lines);
  const created = [...orders].map(([orderId, { partner, amount, line, items }]) => [
    ...[orderId, partner],
    ...[amount, twentieth(amount), line, items],
  ]);
  const unnamed = lines.flatMap(({ orderId }, i) => (outcomes[i] === 'ACTION_REF_NOT_FOUND' ? [orderId] : []));
  const unmatched = [...new Set(unnamed)].filter((orderId) => !orders.has(orderId)).sort();
  return { outcomes, created, entries: created.length, unmatched };
};

const urlOf = ({ address }: Store): string => (address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url);

describeStores('killed while a conversion file is applied', (open) => {
  test('before and after the commit of a chunk, each order is created once', { timeout: 300_000 }, async () => {
    const store = await open();
    const stage = await makeStage(store, [], conversionType);
    const lines = randomLines();
    const { id } = await stage.accept(conversionFile(lines, Date.now()));
    const about = { url: urlOf(store), spool: stage.spool.folder, id, chunkLines, conversions: true };
    for (const at of ['in 4 before commit', 'in 4 committed', 'in 4 committed', 'in 4 before commit'] as InPoint[]) {
      const errand: SubmissionErrand = { ...about, at };
      const env = { ...process.env, NODE_COMPILE_CACHE: cache };
      const options = { env, stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };
      const child = spawn(process.execPath, [entry, JSON.stringify(errand)], options);
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      expect({ at, code, signal }).toEqual({ at, code: null, signal: 'SIGKILL' });
      await store.write(({ knex }) => knex('leases').update({ leased_until: 0 }));
    }
    await stage.apply(id, chunkLines);
    expect({ seed, ...(await foundIn(urlOf(store))) }).toEqual({ seed, ...expectedOf(lines) });
  });
});
