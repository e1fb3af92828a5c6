import { readdir, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { findBatches } from '../../../src/outbound/feed/batches.ts';
import { findFeed } from '../../../src/outbound/feed/feeds.ts';
import { prove } from '../../../src/outbound/feed/prove.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { describeStores } from '../../stores.ts';
import { addTransactions, changeTransaction, due, makeContext, makeFeed, spooled } from '../../feeds.ts';

const minute = 60_000;
const hand = (n: number) => ({ due: due + n * minute, kind: 'schedule' as const });
const lines = (text: string) => text.split('\r\n').slice(1, -1);

describeStores('a run of a feed', (open) => {
  test('holds what is new since the last one and nothing else', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed();
    await addTransactions(ctx.store, [{ order_id: 'A' }, { order_id: 'B', partner: 'other' }, { order_id: 'C' }]);
    const first = await runFeed(ctx, feed, hand(0));
    expect(first).toMatchObject({ outcome: 'frozen', batch: { number: 1, rows: 2, fromSequence: 0, toSequence: 3 } });
    expect(first.batch?.fileName).toBe('acme_20261122_000001.csv');
    expect(await spooled(ctx, first.batch!)).toBe('orderId,Amount\r\nA,12.50\r\nC,12.50\r\n');

    expect(await runFeed(ctx, feed, hand(1))).toEqual({ outcome: 'empty', resumed: [] });
    await addTransactions(ctx.store, [{ order_id: 'D' }]);
    const second = await runFeed(ctx, feed, hand(2));
    expect(second.batch).toMatchObject({ number: 2, rows: 1, fromSequence: 3, toSequence: 4 });
    expect(lines(await spooled(ctx, second.batch!))).toEqual(['D,12.50']);
    expect(await prove(ctx.store, ctx.spool)).toEqual({
      ok: true,
      feeds: [{ feed: 'acme-nightly', transactions: 3, batches: 2, missing: 0, doubled: 0, damaged: 0 }],
    });
  });

  test('one occurrence is run once, and an empty one is recorded', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed();
    expect((await runFeed(ctx, feed, hand(0))).outcome).toBe('empty');
    await addTransactions(ctx.store, [{}]);
    expect((await runFeed(ctx, feed, hand(0))).outcome).toBe('done');
    expect(await ctx.store.read('occurrences').pluck('outcome')).toEqual(['empty']);
    expect((await findFeed(ctx.store.read, feed.name))?.watermark).toBe(0);
  });

  test('with empty: header-only an empty window makes a file that ends at the fence', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ empty: 'header-only' });
    await addTransactions(ctx.store, [{ partner: 'other' }]);
    const { batch } = await runFeed(ctx, feed, hand(0));
    expect(batch).toMatchObject({ number: 1, rows: 0, toSequence: 1 });
    expect(await spooled(ctx, batch!)).toBe('orderId,Amount\r\n');
    expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
  });

  test('startAt: now leaves out what was there before the feed was first seen', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ startAt: 'now' });
    await addTransactions(ctx.store, [{ order_id: 'before' }]);
    expect((await runFeed(ctx, feed, hand(0))).outcome).toBe('empty');
    await addTransactions(ctx.store, [{ order_id: 'after' }]);
    const { batch } = await runFeed(ctx, feed, hand(1));
    expect(lines(await spooled(ctx, batch!))).toEqual(['after,12.50']);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true, feeds: [{ transactions: 1 }] });
  });

  test('include: new gives values as of the freeze, a reversed transaction once and as REVERSED', async () => {
    const ctx = await makeContext(await open());
    const columns = ['orderId', 'amount', 'status'].map((field) => ({ header: field, field }));
    const feed = makeFeed({}, { columns });
    const [id] = await addTransactions(ctx.store, [{ order_id: 'A' }, { order_id: 'B' }]);
    await changeTransaction(ctx.store, id!, { change: 'reversed', at: due, amount: 0, payout: 0, status: 'REVERSED' });
    const { batch } = await runFeed(ctx, feed, hand(0));
    expect(lines(await spooled(ctx, batch!))).toEqual(['A,0.00,REVERSED', 'B,12.50,PENDING']);
    await changeTransaction(ctx.store, id! + 1, {
      change: 'modified',
      at: due,
      amount: 1,
      payout: 0,
      status: 'PENDING',
    });
    expect((await runFeed(ctx, feed, hand(1))).outcome).toBe('empty');
    expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
  });

  test('include: changes gives every journal entry once, with change and delta and the values of that moment', async () => {
    const ctx = await makeContext(await open());
    const columns = ['orderId', 'change', 'amount', 'delta', 'status', 'reason'].map((field) => ({
      header: field,
      field,
    }));
    const feed = makeFeed({ include: 'changes' }, { columns, sidecar: 'manifest' });
    const [id] = await addTransactions(ctx.store, [{ order_id: 'A' }]);
    await changeTransaction(ctx.store, id!, {
      change: 'modified',
      at: due,
      amount: 1000,
      payout: 0,
      status: 'PENDING',
      reason: 'ITEM_RETURNED',
    });
    const first = await runFeed(ctx, feed, hand(0));
    expect(lines(await spooled(ctx, first.batch!))).toEqual([
      'A,created,12.50,12.50,PENDING,',
      'A,modified,10.00,-2.50,PENDING,ITEM_RETURNED',
    ]);
    expect(JSON.parse(await spooled(ctx, first.batch!.companions[0]!))).toMatchObject({
      sums: [{ currency: 'USD', rows: 2, amount: '22.50', delta: '10.00' }],
    });
    await changeTransaction(ctx.store, id!, {
      change: 'reversed',
      at: due,
      amount: 0,
      payout: 0,
      status: 'REVERSED',
      reason: 'OTHER',
    });
    const second = await runFeed(ctx, feed, hand(1));
    expect(lines(await spooled(ctx, second.batch!))).toEqual(['A,reversed,0.00,-10.00,REVERSED,OTHER']);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true, feeds: [{ transactions: 3, batches: 2 }] });
  });
});

describeStores('a selection that changes', (open) => {
  const start = async (ctx: Awaited<ReturnType<typeof makeContext>>) => {
    await addTransactions(ctx.store, [
      { order_id: 'A1', event_type: 1 },
      { order_id: 'B1', event_type: 2 },
      { order_id: 'C1', event_type: 3 },
    ]);
    await runFeed(ctx, makeFeed({ selection: { eventTypes: [1] } }), hand(0));
    await addTransactions(ctx.store, [
      { order_id: 'A2', event_type: 1 },
      { order_id: 'B2', event_type: 2 },
    ]);
  };
  const wider = { selection: { eventTypes: [1, 2] } };

  test('a wider one is refused until it says what to do with older transactions', async () => {
    const ctx = await makeContext(await open());
    await start(ctx);
    await expect(runFeed(ctx, makeFeed(wider), hand(1))).rejects.toMatchObject({
      code: 'feed-history',
      next: 'refuse',
    });
  });

  test('backfill: yes brings the older ones once', async () => {
    const ctx = await makeContext(await open());
    await start(ctx);
    const feed = makeFeed({ ...wider, backfill: true });
    const { batch } = await runFeed(ctx, feed, hand(1));
    expect(lines(await spooled(ctx, batch!)).map((line) => line.split(',')[0])).toEqual(['B1', 'A2', 'B2']);
    expect((await runFeed(ctx, feed, hand(2))).outcome).toBe('empty');
    await addTransactions(ctx.store, [{ order_id: 'C2', event_type: 3 }]);
    const last = await runFeed(ctx, makeFeed({ selection: {}, backfill: true }), hand(3));
    expect(lines(await spooled(ctx, last.batch!)).map((line) => line.split(',')[0])).toEqual(['C1', 'C2']);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true, feeds: [{ transactions: 6, batches: 3 }] });
  });

  test('backfill: no leaves them out for good', async () => {
    const ctx = await makeContext(await open());
    await start(ctx);
    const { batch } = await runFeed(ctx, makeFeed({ ...wider, backfill: false }), hand(1));
    expect(lines(await spooled(ctx, batch!)).map((line) => line.split(',')[0])).toEqual(['A2', 'B2']);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true, feeds: [{ transactions: 3 }] });
  });

  test('a feed goes on under a new name with formerly', async () => {
    const ctx = await makeContext(await open());
    await start(ctx);
    const feed = makeFeed({ name: 'acme-new', formerly: 'acme-nightly', selection: { eventTypes: [1] } });
    const { batch } = await runFeed(ctx, feed, hand(1));
    expect(batch).toMatchObject({ feed: 'acme-new', number: 2, rows: 1 });
    expect(await findBatches(ctx.store.read, { feed: 'acme-nightly' })).toEqual([]);
    expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);

    const old = makeFeed({ selection: { eventTypes: [1] } });
    const stale = runFeed(ctx, old, hand(2));
    await expect(stale).rejects.toMatchObject({ code: 'feed-renamed', next: 'refuse' });
    await addTransactions(ctx.store, [{ order_id: 'A3', event_type: 1 }]);
    const back = await runFeed(ctx, { ...old, formerly: 'acme-new' }, hand(3));
    expect(back.batch).toMatchObject({ feed: 'acme-nightly', number: 3, rows: 1 });
    expect((await prove(ctx.store, ctx.spool)).feeds).toMatchObject([{ feed: 'acme-nightly', batches: 3 }]);
  });

  test('what was left unfinished under the old name is finished under the new one', async () => {
    const ctx = await makeContext(await open());
    await start(ctx);
    const left = {
      feed: 'acme-nightly',
      due: due + 5,
      kind: 'schedule',
      state: 'claimed',
      claim: 70_000,
      claimed_at: due,
    };
    await ctx.store.write(({ knex }) => knex('occurrences').insert(left));
    const feed = makeFeed({ name: 'acme-new', formerly: 'acme-nightly', selection: { eventTypes: [1] } });
    expect((await runFeed(ctx, feed, hand(1))).resumed).toMatchObject([{ number: 2, rows: 1 }]);
  });
});

describeStores('prove', (open) => {
  const oneBatch = async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [{}, {}, {}]);
    const { batch } = await runFeed(ctx, makeFeed({}, { sidecar: 'sha256' }), hand(0));
    return { ctx, batch: batch! };
  };
  const verdict = async (ctx: Awaited<ReturnType<typeof makeContext>>) => (await prove(ctx.store, ctx.spool)).feeds[0];

  test('finds changed and missing bytes', async () => {
    const { ctx, batch } = await oneBatch();
    await writeFile(ctx.spool.pathOf(batch.companions[0]!.spool), 'x');
    expect(await verdict(ctx)).toMatchObject({ damaged: 1, missing: 0 });
    await rm(ctx.spool.pathOf(batch.spool));
    expect(await verdict(ctx)).toMatchObject({ damaged: 1, missing: 0 });
  });

  test('finds a row that came in behind the watermark', async () => {
    const { ctx } = await oneBatch();
    await ctx.store.write(({ knex }) => knex('batches').update({ row_count: 2, members: '3:0' }));
    expect(await verdict(ctx)).toMatchObject({ missing: 1 });
  });

  test('finds a row that was exchanged for another', async () => {
    const { ctx } = await oneBatch();
    await ctx.store.write(({ knex }) => knex('batches').update({ members: '6:1' }));
    expect(await verdict(ctx)).toMatchObject({ damaged: 1 });
  });

  test('finds batches that overlap, and a gap between them', async () => {
    const { ctx } = await oneBatch();
    await addTransactions(ctx.store, [{}]);
    await runFeed(ctx, makeFeed(), hand(1));
    const setFrom = async (from: number) => {
      const [, second] = await findBatches(ctx.store.read);
      const selection = JSON.stringify({ ...second!.membership, from });
      await ctx.store.write(({ knex }) => knex('batches').where({ number: 2 }).update({ selection }));
    };
    await setFrom(2);
    expect(await verdict(ctx)).toMatchObject({ doubled: 1 });
    await setFrom(4);
    expect(await verdict(ctx)).toMatchObject({ missing: 1 });
  });
});

describe('file and name', () => {
  describeStores('a batch', (open) => {
    test('takes another name when its own is taken', async () => {
      const ctx = await makeContext(await open());
      const feed = makeFeed({}, { name: 'acme_{due:yyyyMMddHHmm}.csv' });
      await addTransactions(ctx.store, [{}]);
      await runFeed(ctx, feed, { due, kind: 'schedule' });
      await addTransactions(ctx.store, [{}]);
      const { batch } = await runFeed(ctx, feed, { due, kind: 'hand' });
      expect(batch?.fileName).toBe('acme_202611220200_2.csv');
    });

    test('is compressed, with a manifest that chains it to the one before', async () => {
      const ctx = await makeContext(await open(), fixedClock(due));
      const feed = makeFeed({}, { compress: 'gzip', sidecar: 'manifest' });
      await addTransactions(ctx.store, [{ amount: 1250 }, { amount: 100, currency: 'JPY' }, { amount: -50 }]);
      const first = (await runFeed(ctx, feed, hand(0))).batch!;
      expect(first.fileName).toBe('acme_20261122_000001.csv.gz');
      expect(lines(await spooled(ctx, first)).map((line) => line.split(',')[1])).toEqual(['12.50', '100', '-0.50']);
      const manifest = first.companions[0]!;
      expect(manifest.fileName).toBe('acme_20261122_000001.csv.gz.manifest.json');
      expect(JSON.parse(await spooled(ctx, manifest))).toEqual({
        feed: 'acme-nightly',
        number: 1,
        file: first.fileName,
        rows: 3,
        bytes: first.bytes,
        sha256: first.sha256,
        watermark: { from: 0, to: 3 },
        sums: [
          { currency: 'JPY', rows: 1, amount: '100' },
          { currency: 'USD', rows: 2, amount: '12.00' },
        ],
        previous: null,
      });
      await addTransactions(ctx.store, [{}]);
      const second = (await runFeed(ctx, feed, hand(1))).batch!;
      expect(JSON.parse(await spooled(ctx, second.companions[0]!))).toMatchObject({
        previous: { number: 1, sha256: first.sha256 },
      });
    });

    test('reads custom attributes by any name, also one that looks like a parameter', async () => {
      const ctx = await makeContext(await open());
      const columns = ['custom.gift?', "custom.it's"].map((field) => ({ header: field, field }));
      await addTransactions(ctx.store, [{ custom: JSON.stringify({ 'gift?': 'yes', "it's": 'so' }) }]);
      const { batch } = await runFeed(ctx, makeFeed({}, { columns }), hand(0));
      expect(lines(await spooled(ctx, batch!))).toEqual(['yes,so']);
    });

    test('leaves nothing in the spool but what it refers to', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, [{}]);
      const { batch } = await runFeed(ctx, makeFeed({}, { sidecar: 'sha256' }), hand(0));
      const names = [batch!.spool, ...batch!.companions.map(({ spool }) => spool)];
      expect((await readdir(ctx.spool.folder)).sort()).toEqual([...names, 'notes'].sort());
    });
  });
});

describeStores('a feed with few entries in a long journal', (open) => {
  test('is rendered in blocks of bounded size, also where a dense stretch follows a sparse one', async () => {
    const ctx = await makeContext(await open());
    const fill = (partner: string, from: number, to: number) =>
      ctx.store.write(async ({ knex }) => {
        const postgres = ctx.store.kind === 'postgres';
        const numbers = postgres
          ? `generate_series(${from}, ${to}) as c(i)`
          : `(with recursive c(i) as (select ${from} union all select i + 1 from c where i < ${to}) select i from c)`;
        const overriding = postgres ? 'overriding system value' : '';
        await knex.raw(`insert into journal (sequence, transaction_id, change, at, amount, payout, status, channel)
          ${overriding} select i, i, 'created', 0, 100, 0, 'PENDING', 'sql' from ${numbers}`);
        await knex.raw(`insert into transactions (id, public_id, event_type, partner, order_id, event_date, locking_date,
          created_at, currency, amount, payout, status)
          select i, 'T' || i, 1, '${partner}', 'O' || i, 0, 0, 0, 'USD', 100, 0, 'PENDING' from ${numbers}`);
        if (postgres) await knex.raw(`select setval('journal_sequence_seq', ${to})`);
      });
    await fill('other', 1, 60_000);
    await fill('acme', 60_001, 130_000);
    const steps: number[] = [0];
    const { batch } = await runFeed(ctx, makeFeed(), { ...hand(0), progress: (rows) => void steps.push(rows) });
    expect(batch?.rows).toBe(70_000);
    const blocks = steps.slice(1).map((rows, i) => rows - steps[i]!);
    expect(Math.max(...blocks)).toBeLessThanOrEqual(16_000);
    expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
  });
});

describeStores('a run that is stopped or stands on a restored database', (open) => {
  test('stops with the reason of its signal, and leaves no bytes', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [{}, {}]);
    const stopping = new AbortController();
    const stopped = runFeed(ctx, makeFeed(), {
      ...hand(0),
      signal: stopping.signal,
      progress: () => stopping.abort(new Error('enough')),
    });
    await expect(stopped.then(({ batch }) => batch?.rows)).resolves.toBe(2); // the last block was out already
    expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
  });

  test('a journal that ends behind the watermark is said, not taken for empty', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [{}]);
    await runFeed(ctx, makeFeed(), hand(0));
    await ctx.store.write(({ knex }) => knex('feeds').update({ watermark: 50 }));
    const behind = runFeed(ctx, makeFeed(), hand(1));
    await expect(behind).rejects.toMatchObject({ code: 'fence-behind', next: 'hold' });
  });
});
