import { mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLog } from '../../../src/log.ts';
import { adoptFeed } from '../../../src/outbound/feed/adopt.ts';
import { findFeed } from '../../../src/outbound/feed/feeds.ts';
import { forgetOtherDatabases } from '../../../src/outbound/feed/high-water.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import type { Store } from '../../../src/store/store.ts';
import { addTransactions, due, makeContext, makeFeed } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const hand = (n: number) => ({ due: due + n * 60_000, kind: 'schedule' as const });

describeStores('what the spool remembers of a feed', (open) => {
  const scene = async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [{}]);
    const lines: Record<string, unknown>[] = [];
    const log = makeLog('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
    const at = (feed: string) => join(ctx.spool.folder, `notes/feed-${feed}.json`);
    const note = (feed = 'acme-nightly') => JSON.parse(readFileSync(at(feed), 'utf8')) as unknown;
    return { ctx: { ...ctx, log }, lines, at, note };
  };
  /** A database of another id; those of the tests on PostgreSQL are copies of one. */
  const another = async (): Promise<Store> => {
    const store = await open();
    await store.write(({ knex }) => knex('database_identity').update({ id: 'another' }));
    await addTransactions(store, [{}]);
    return store;
  };

  test('a database restored to an older state sends nothing twice: the spool remembers more', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [{}]);
    await runFeed(ctx, makeFeed(), hand(0));
    const before = (await findFeed(ctx.store.read, 'acme-nightly'))!;
    await addTransactions(ctx.store, [{}]);
    const { batch } = await runFeed(ctx, makeFeed(), hand(1));
    await ctx.store.write(async ({ knex }) => {
      await knex('batches').where({ id: batch!.id }).delete();
      await knex('feeds').update({ number: before.number, watermark: before.watermark });
    });
    const again = () => runFeed(ctx, makeFeed(), hand(2));
    await expect(again()).rejects.toMatchObject({ code: 'database-older', next: 'hold' });
    expect((await findFeed(ctx.store.read, 'acme-nightly'))!.number).toBe(before.number);
    rmSync(join(ctx.spool.folder, 'notes/feed-acme-nightly.json'));
    expect((await again()).resumed).toMatchObject([{ number: 2, rows: 1 }]);
  });

  test('a batch stands without its note; the next run writes it', async () => {
    const { ctx, lines, note } = await scene();
    const inTheWay = join(ctx.spool.folder, 'notes/.feed-acme-nightly.json');
    mkdirSync(inTheWay, { recursive: true });
    expect(await runFeed(ctx, makeFeed(), hand(0))).toMatchObject({ outcome: 'frozen', batch: { number: 1 } });
    expect(lines).toMatchObject([{ level: 'warn', feed: 'acme-nightly', number: 1, code: 'folder' }]);
    rmdirSync(inTheWay);
    expect((await runFeed(ctx, makeFeed(), hand(1))).outcome).toBe('empty');
    expect(note()).toMatchObject({ number: 1, watermark: 1 });
  });

  test('the spool of another database is told from an older state, and nothing is sent', async () => {
    const { ctx } = await scene();
    await runFeed(ctx, makeFeed(), hand(0));
    const store = await another();
    const run = () => runFeed({ ...ctx, store }, makeFeed(), hand(1));
    const refused = { code: 'database-other', next: 'hold', hint: expect.stringContaining('spool.folder') as unknown };
    await expect(run()).rejects.toMatchObject(refused);
    expect(await store.read('batches').select()).toEqual([]);
    rmSync(join(ctx.spool.folder, 'notes/feed-acme-nightly.json'));
    expect((await run()).resumed).toMatchObject([{ number: 1, rows: 1 }]);
  });

  test('a new database that is known to be new begins anew; its own notes stay', async () => {
    const { ctx, note } = await scene();
    await runFeed(ctx, makeFeed(), hand(0));
    expect(await forgetOtherDatabases(ctx, ['acme-nightly'])).toEqual([]);
    const other = { ...ctx, store: await another() };
    expect(await forgetOtherDatabases(other, ['never-run', 'acme-nightly'])).toEqual(['acme-nightly']);
    expect(note()).toEqual({ number: 0, watermark: 0, database: 'another' });
    expect((await runFeed(other, makeFeed(), hand(1))).batch).toMatchObject({ number: 1 });
  });

  test('a feed that takes over a history has its note at once, and takes over none that is too old', async () => {
    const { ctx, note, at } = await scene();
    await runFeed(ctx, makeFeed(), hand(0));
    const heir = makeFeed({ name: 'acme-new', formerly: 'acme-nightly' });
    await ctx.store.write(({ knex }) => knex('feeds').update({ number: 0, watermark: 0 }));
    await expect(adoptFeed(ctx, heir, {})).rejects.toMatchObject({ code: 'database-older' });
    await ctx.store.write(({ knex }) => knex('feeds').update({ number: 1, watermark: 1 }));
    await adoptFeed(ctx, heir, {});
    expect(note('acme-new')).toEqual(note());
    rmSync(at('acme-nightly'));
    await ctx.store.write(({ knex }) => knex('feeds').where({ name: 'acme-new' }).update({ number: 0, watermark: 0 }));
    await expect(runFeed(ctx, heir, hand(1))).rejects.toMatchObject({ code: 'database-older' });
  });
});
