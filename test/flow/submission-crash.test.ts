import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { InPoint } from '../../src/commit-point.ts';
import { findRows } from '../../src/inbound/submission/rows.ts';
import type { Submission } from '../../src/inbound/submission/submission.ts';
import {
  applied,
  modelFile,
  type ModelLine,
  type ModelOrder,
  outcomeIn,
  payoutOf,
} from '../inbound/submission/model.ts';
import { makeStage, order } from '../inbound/submission/stage.ts';
import type { Store } from '../../src/store/store.ts';
import { describeStores } from '../stores.ts';
import { ask } from './plain-sql.ts';
import { randomOf, seed } from './random.ts';
import type { SubmissionErrand } from './submission-child.ts';

const entry = fileURLToPath(new URL('submission-child.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdrop', import.meta.url));

const chunkLines = 4;
const orderIds = ['A', 'B', 'C'];

/** Lines in which each outcome depends on the ones before. */
const randomLines = (): ModelLine[] => {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  // The first line changes something for certain, so that a mistake cannot pass unseen.
  const first = { orderId: 'A', amount: '25.50', reason: 'OTHER', tracker: '4521' };
  const others = Array.from({ length: 3 * chunkLines - 1 }, () => ({
    orderId: pick([...orderIds, 'NOBODY']),
    amount: pick(['', '0', '10', '25.50', '100.00', 'x']),
    reason: pick(['OTHER', 'OTHER', 'OTHER', 'RESET', 'RESET', 'DAMAGED', 'VALIDATED', 'nope']),
    tracker: '4521',
  }));
  return [first, ...others];
};

/** Every commit point there is, so that each chunk is killed before and after its commit; a new one does not compile. */
const lives = Object.entries({
  'in 4 begun': 1,
  'in 4 reading fixed': 1,
  'in 4 before commit': 1,
  'in 4 committed': 3,
  'in 5 applied': 1,
  'in 5 result written': 1,
  'in 5 complete': 1,
} satisfies Record<InPoint, number>).flatMap(([point, times]) => Array<InPoint>(times).fill(point as InPoint));

/** The database as a plain program reads it, whatever its kind. */
const urlOf = ({ address }: Store): string => (address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url);

type Row = Record<string, unknown>;

/** Replays file and ledger with the model, and says everything that differs; none of the product's code is asked. */
const wrongIn = async (url: string, lines: readonly ModelLine[]): Promise<string[]> => {
  const orders = new Map(
    orderIds.map((id): [string, ModelOrder] => [
      id,
      { amount: 10_000, created: 10_000, status: 'PENDING', locked: false, changes: 0 },
    ]),
  );
  const wrong: string[] = [];
  const same = (what: string, found: unknown, expected: unknown): void => {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
    if (one !== other) wrong.push(`${what}: ${one}, not ${other}`);
  };
  const expected = lines.map((line, i) => ({ line: i + 2, outcome: outcomeIn(orders, line) }));
  const rows = await ask<Row>(url, 'select line, outcome from submission_rows order by number');
  same(
    'outcomes',
    rows.map(({ line, outcome }) => ({ line: Number(line), outcome })),
    expected,
  );
  const entries = await ask<Row>(url, `select line from journal where change <> 'created' order by sequence`);
  same(
    'lines in the journal',
    entries.map(({ line }) => Number(line)),
    expected.filter(({ outcome }) => applied.includes(outcome)).map(({ line }) => line),
  );
  for (const row of await ask<Row>(url, 'select order_id, amount, payout, status from transactions')) {
    const found = orders.get(String(row['order_id'])) as ModelOrder;
    same(
      `order ${String(row['order_id'])}`,
      [Number(row['amount']), Number(row['payout']), row['status']],
      [found.amount, payoutOf(found), found.status],
    );
  }
  const [submission] = await ask<Row>(url, 'select status, position, outcomes from submissions');
  const counts = Object.values(JSON.parse(String(submission?.['outcomes'])) as Record<string, number>);
  same(
    'submission',
    [submission?.['status'], Number(submission?.['position']), counts.reduce((a, b) => a + b, 0)],
    ['Complete', lines.length, lines.length],
  );
  return wrong;
};

/** The same records in XML; each stands in the line that it has in the CSV file. */
const asXml = (lines: readonly ModelLine[]): string => {
  const record = ({ orderId, tracker, amount, reason }: ModelLine) =>
    `<m OrderId="${orderId}" ActionTrackerId="${tracker}" Amount="${amount}"><Reason>${reason}</Reason></m>`;
  return ['<Modifications>', ...lines.map(record), '</Modifications>'].join('\n');
};

const forms = ['csv', 'xml'] as const;

const makeCrash = async (store: Store, form: (typeof forms)[number] = 'csv') => {
  const stage = await makeStage(
    store,
    orderIds.map((id) => order(id)),
  );
  const lines = randomLines();
  const content = form === 'csv' ? modelFile(lines) : asXml(lines);
  const { id } = await stage.accept(content, { fileName: `mods.${form}` });
  const endLeases = () => store.write(({ knex }) => knex('leases').update({ leased_until: 0 }));
  const kill = async (at: InPoint): Promise<void> => {
    const errand: SubmissionErrand = { url: urlOf(store), spool: stage.spool.folder, id, chunkLines, at };
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    const child = spawn(process.execPath, [entry, JSON.stringify(errand)], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect({ at, code, signal }).toEqual({ at, code: null, signal: 'SIGKILL' });
    await endLeases();
  };
  return { stage, lines, id, kill, wrong: () => wrongIn(urlOf(store), lines) };
};

describeStores('killed while a submission is applied', (open, kind) => {
  const every = 'at every commit point and every chunk of %s, each line is applied once';
  test.each(forms)(every, { timeout: 300_000 }, async (form) => {
    const { stage, lines, id, kill, wrong } = await makeCrash(await open(), form);
    for (const at of lives) await kill(at);
    console.log(`SEED=${seed}: ${lives.length} kills on ${kind}`);
    expect(await wrong()).toEqual([]);
    const done: Submission = await stage.stand(id);
    // The part of the result file that earlier lives had written was theirs; the last one has told all lines again.
    const [, ...told] = (await stage.result(done)).split('\r\n');
    const outcomes = (await findRows(stage.store.read, id)).map(({ line, outcome }) => `,${line},${outcome},`);
    expect(told).toHaveLength(lines.length + 1);
    expect(outcomes.filter((outcome, i) => !told[i]?.includes(outcome))).toEqual([]);
    expect(await stage.apply(id)).toBe('gone');
  });
});

describeStores('the checker of submissions', (open) => {
  // What a program leaves behind that does not commit changes, outcomes and position together.
  const mistakes: [string, InPoint, (store: Store) => Promise<unknown>][] = [
    [
      'the position is committed first',
      'in 4 before commit',
      ({ write }) => write(({ knex }) => knex('submissions').update({ position: chunkLines })),
    ],
    [
      'the changes are committed first',
      'in 4 committed',
      ({ write }) =>
        write(async ({ knex }) => {
          await knex('submissions').update({ position: 0, outcomes: '{}' });
          await knex('submission_rows').delete();
        }),
    ],
  ];
  test.each(mistakes)('finds out when %s', async (_, at, spoil) => {
    const store = await open();
    const { stage, id, kill, wrong } = await makeCrash(store);
    await kill(at);
    await spoil(store);
    await stage.apply(id, chunkLines);
    expect(await wrong()).not.toEqual([]);
  });
});
