import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Batch } from '../../../src/outbound/feed/batch.ts';
import { rowsOfFiles } from '../../../src/outbound/feed/batch.ts';
import { findBatches } from '../../../src/outbound/feed/batches.ts';
import type { FeedContext } from '../../../src/outbound/feed/context.ts';
import { expireBatches } from '../../../src/outbound/feed/expiry.ts';
import { batchLine } from '../../../src/outbound/feed/feed-list.ts';
import type { FileSpec } from '../../../src/outbound/feed/feed.ts';
import { batchesHolding } from '../../../src/outbound/feed/holding.ts';
import { exportToDrops, exportToFile } from '../../../src/outbound/feed/manual.ts';
import { prove } from '../../../src/outbound/feed/prove.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { openAtFence } from '../../../src/store/fence.ts';
import { openSpool } from '../../../src/store/spool.ts';
import type { Store } from '../../../src/store/store.ts';
import { addTransactions, due, makeContext, makeFeed } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const name = 'a_{number:03}_{part}.csv';
const splitFeed = (rows: number, file: Partial<FileSpec> = {}) =>
  makeFeed({ empty: 'header-only', drops: ['d'] }, { name, split: { rows }, ...file });
const at = (minute: number) => ({ due: due + minute * 60_000, kind: 'schedule' as const });
const filesOf = (batch: Batch) => [batch, ...batch.companions.filter(({ kind }) => kind === 'part')];
const orders = (count: number) => Array.from({ length: count }, (_, i) => ({ order_id: `line\nbreak ${i} ü` }));
const frame = { by: 'created', from: 0, to: due + 1 } as const;

/** So many transactions at once, with order ids of many lengths and characters. */
const fill = (store: Store, count: number) =>
  store.write(async ({ knex }) => {
    const postgres = store.kind === 'postgres';
    const numbers = postgres
      ? `generate_series(1, ${count}) as c(i)`
      : `(with recursive c(i) as (select 1 union all select i + 1 from c where i < ${count}) select i from c)`;
    const overriding = postgres ? 'overriding system value' : '';
    await knex.raw(`insert into journal (sequence, transaction_id, change, at, amount, payout, status, channel)
      ${overriding} select i, i, 'created', 0, 100, 0, 'PENDING', 'sql' from ${numbers}`);
    const order = `'ü€' || i || substr('some more text', 1, cast(i % 13 as integer))`;
    await knex.raw(`insert into transactions (id, public_id, event_type, partner, order_id, event_date, locking_date,
      created_at, currency, amount, payout, status)
      select i, 'T' || i, 1, 'acme', ${order}, 0, 0, 0, 'USD', i, 0, 'PENDING' from ${numbers}`);
    if (postgres) await knex.raw(`select setval('journal_sequence_seq', ${count})`);
  });

describeStores('a split batch', (open) => {
  test('of 3 rows a file ends its files exactly there', async () => {
    const ctx = await makeContext(await open());
    const feed = splitFeed(3, { columns: [{ header: 'o', field: 'orderId' }] });
    const cases: [number, number[]][] = [
      [0, [0]],
      [1, [1]],
      [2, [2]],
      [3, [3]],
      [4, [3, 1]],
      [6, [3, 3]],
      [7, [3, 3, 1]],
    ];
    for (const [i, [count, expected]] of cases.entries()) {
      await addTransactions(ctx.store, orders(count));
      const { batch } = await runFeed(ctx, feed, at(i));
      const texts = filesOf(batch!).map(({ spool }) => readFileSync(ctx.spool.pathOf(spool), 'utf8'));
      expect(texts.every((text) => text.startsWith('o\r\n'))).toBe(true);
      expect(texts.map((text) => text.split('\r\n').length - 2)).toEqual(expected);
      const lines = orders(count).map(({ order_id }) => `"${order_id}"\r\n`);
      expect(texts.map((text) => text.slice(3)).join('')).toBe(lines.join(''));
      expect(rowsOfFiles(batch!)).toEqual(expected);
      const names = expected.map((_, part) => `a_00${i + 1}_${part + 1}.csv`);
      expect(filesOf(batch!).map(({ fileName }) => fileName)).toEqual(names);
      const line = batchLine(batch!);
      expect(line.rows).toBe(count);
      expect(line.companions.map((companion) => companion.rows)).toEqual(expected.slice(1));
    }
  });

  test.each([
    ['utf-8', 'gzip'],
    ['utf-16le', 'none'],
  ] as const)('of two threads, in %s with %s, is the undivided file cut at rows', async (encoding, compress) => {
    const ctx = await makeContext(await open());
    await fill(ctx.store, 25_000);
    const spec = { encoding, compress, header: false } as const;
    const { batch } = await runFeed(ctx, splitFeed(7_001, spec), at(0));
    const whole = join(ctx.spool.folder, 'whole');
    await exportToFile(ctx, makeFeed({}, spec), { by: 'event', from: 0, to: due }, whole);
    const read = (path: string) => (compress === 'gzip' ? gunzipSync(readFileSync(path)) : readFileSync(path));
    const parts = filesOf(batch!).map(({ spool }) => read(ctx.spool.pathOf(spool)));
    expect(rowsOfFiles(batch!)).toEqual([7_001, 7_001, 7_001, 3_997]);
    const decoded = parts.map((part) => new TextDecoder(encoding).decode(part));
    expect(decoded.map((text) => text.split('\r\n').length - 1)).toEqual(rowsOfFiles(batch!));
    expect(Buffer.concat(parts).equals(read(whole))).toBe(true);
  });

  test('that is zipped has an archive for each part, with an entry of its own name', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, orders(3));
    const columns = [{ header: 'o', field: 'orderId' }];
    const { batch } = await runFeed(ctx, splitFeed(2, { compress: 'zip', columns, header: false }), at(0));
    const script = `
import json, sys, zipfile
files = [zipfile.ZipFile(path) for path in sys.argv[1:]]
print(json.dumps([[entry, file.read(entry).decode()] for file in files for entry in file.namelist()]))`;
    const paths = filesOf(batch!).map(({ spool }) => ctx.spool.pathOf(spool));
    const [one, two, three] = orders(3).map(({ order_id }) => `"${order_id}"\r\n`);
    expect(JSON.parse(execFileSync('python3', ['-c', script, ...paths]).toString())).toEqual([
      ['a_001_1.csv', `${one}${two}`],
      ['a_001_2.csv', three],
    ]);
    expect(filesOf(batch!).map(({ fileName }) => fileName)).toEqual(['a_001_1.csv.zip', 'a_001_2.csv.zip']);
  });

  test('leaves none of its files when another run was first', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, orders(5));
    const robbed: FeedContext = {
      ...ctx,
      openAtFence: async (...fence) => {
        const found = await openAtFence(...fence);
        await ctx.store.write(({ knex }) => knex('leases').update({ claim: 99 }));
        return found;
      },
    };
    const feed = splitFeed(2, { sidecar: 'sha256', marker: '{name}.done' });
    await expect(runFeed(robbed, feed, at(0))).rejects.toMatchObject({ code: 'claim-lost' });
    expect(readdirSync(ctx.spool.folder)).toEqual([]);
    expect(await ctx.store.read('companions').select()).toEqual([]);
  });

  test('all its files get another name when one of a part is taken', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, orders(2));
    const spec = { name: 'a_{due:yyyyMMddHHmm}_{part}.csv', sidecar: 'sha256' } as const;
    await runFeed(ctx, splitFeed(1, spec), at(0));
    await addTransactions(ctx.store, orders(2));
    // A later due time that gives the same names, as in the hour that comes twice.
    const { batch } = await runFeed(ctx, splitFeed(1, spec), { ...at(0), due: due + 1 });
    expect([batch!, ...batch!.companions].map(({ fileName }) => fileName)).toEqual([
      'a_202611220200_1_2.csv',
      'a_202611220200_2_2.csv',
      'a_202611220200_1_2.csv.sha256',
    ]);
    // The name of a part alone is taken: an undivided feed of before.
    const plain = makeFeed({}, { name: 'a_{due:yyyyMMddHHmm}_2.csv' });
    await addTransactions(ctx.store, orders(1));
    const third = await runFeed(ctx, plain, { ...at(0), due: due + 2 });
    expect(third.batch!.fileName).toBe('a_202611220200_2_3.csv');
  });

  test('is proved, expires and is listed with all its files', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, orders(5));
    const { batch } = await runFeed(ctx, splitFeed(2, { sidecar: 'manifest', marker: '{name}.done' }), at(0));
    const kinds = batch!.companions.map(({ kind }) => kind);
    expect(kinds).toEqual(['part', 'part', 'manifest', 'marker']);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true, feeds: [{ transactions: 5, batches: 1 }] });
    const holding = await batchesHolding(ctx.store, [1, 2, 3, 4, 5]);
    expect(holding.map(({ fileName }) => fileName)).toEqual([1, 1, 2, 2, 3].map((part) => `a_001_${part}.csv`));
    const second = ctx.spool.pathOf(batch!.companions[1]!.spool);
    const bytes = readFileSync(second);
    truncateSync(second, bytes.length - 1);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: false, feeds: [{ damaged: 1 }] });
    writeFileSync(second, bytes);
    await ctx.store.write(({ knex }) => knex('deliveries').update({ state: 'delivered' }));
    expect(await expireBatches(ctx.store, ctx.spool, due + 1, due + 2)).toBe(1);
    expect(readdirSync(ctx.spool.folder)).toEqual(['notes']);
  });

  test('keeps reading as it was made, and so does a batch from before there were parts', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, orders(3));
    await runFeed(ctx, makeFeed(), at(0));
    const [before] = await findBatches(ctx.store.read);
    expect(Object.keys(before!.layout)).toEqual([
      'timezone',
      'columns',
      'delimiter',
      'lineEnd',
      'header',
      'bom',
      'guardFormulas',
    ]);
    expect(rowsOfFiles(before!)).toEqual([3]);
    await addTransactions(ctx.store, orders(3));
    await runFeed(ctx, splitFeed(2), at(1));
    const [, after] = await findBatches(ctx.store.read);
    expect(after!.layout.split).toEqual({ rows: 2 });
    expect(rowsOfFiles(after!)).toEqual([2, 1]);
  });

  test('of a manual export comes with its parts, to the drops and to a local file', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, orders(5));
    const manual = await exportToDrops(ctx, splitFeed(2, { name }), frame);
    const stamp = manual.fileName.replace('a_1_manual_', '').replace('.csv', '');
    expect(filesOf(manual).map(({ fileName }) => fileName)).toEqual(
      [1, 2, 3].map((part) => `a_${part}_manual_${stamp}.csv`),
    );
    const folder = mkdtempSync(join(tmpdir(), 'nightdrop-out-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const out = join(folder, 'all.csv');
    const exported = await exportToFile(ctx, splitFeed(2), frame, out);
    const parts = [join(folder, 'all_part2.csv'), join(folder, 'all_part3.csv')];
    expect(exported).toEqual({ fileName: out, parts, rows: 5 });
    expect(readdirSync(folder).sort()).toEqual(['all.csv', 'all_part2.csv', 'all_part3.csv']);
    // Only the named file may be replaced.
    const again = exportToFile(ctx, splitFeed(2), frame, out);
    await expect(again).rejects.toMatchObject({ code: 'exists', object: parts[0], next: 'refuse' });
    // Nor may parts of a longer export stay beside a shorter one.
    rmSync(parts[0]!);
    const shorter = exportToFile(ctx, splitFeed(5), frame, out);
    await expect(shorter).rejects.toMatchObject({ code: 'exists', object: parts[1], next: 'refuse' });
    expect(await exportToFile(ctx, makeFeed(), frame, out)).toMatchObject({ parts: [], rows: 5 });
    rmSync(parts[1]!);
    expect(await exportToFile(ctx, splitFeed(5), frame, out)).toMatchObject({ parts: [], rows: 5 });
  });
});

describe.skipIf(process.getuid?.() !== 0)('a full disk', () => {
  describeStores('while a split batch is written', (open) => {
    test('leaves none of its files, and the run is taken up again', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'nightdrop-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]);
      onTestFinished(() => {
        execFileSync('umount', ['-l', folder]);
        rmSync(folder, { recursive: true, force: true });
      });
      const ctx = { ...(await makeContext(await open())), spool: await openSpool(folder) };
      await fill(ctx.store, 4000);
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(180_000));
      const feed = splitFeed(500);
      await expect(runFeed(ctx, feed, at(0))).rejects.toMatchObject({ code: 'disk-full', next: 'retry' });
      expect(readdirSync(folder).filter((file) => file !== 'notes')).toEqual(['ballast']);
      rmSync(join(folder, 'ballast'));
      const { resumed } = await runFeed(ctx, feed, at(1));
      expect(resumed.map(({ rows, companions }) => [rows, companions.length])).toEqual([[4000, 7]]);
      expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
    });
  });
});
