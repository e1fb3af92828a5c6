import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { fenceOnPostgres, openAtFence, type OpenAtFence } from '../../src/store/fence.ts';
import { int } from '../../src/store/store.ts';
import { freshDatabase } from '../stores.ts';
import { makeChecker, nothingWrong } from './checker.ts';
import { deliverAll, feed, finish, folderSpec, freezeNew, openLine } from './line.ts';
import { inLab, seed } from './random.ts';
import { connect, insertOrders, type Longest, runWriter } from './writers.ts';

const writers = 12;
const batches = inLab ? 300 : 6;

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

/** A database, a spool, a drop and a checker; `connect` gives sessions that are ended with the test. */
const makePlace = async () => {
  const database = await freshDatabase('postgres');
  cleanup.push(database.remove);
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-flow-'));
  cleanup.push(() => rmSync(folder, { recursive: true, force: true }));
  const drop = join(folder, 'drop');
  mkdirSync(drop);
  const line = await openLine({ url: database.url, spool: join(folder, 'spool'), drop: folderSpec(drop) });
  cleanup.push(() => line.close());
  const checker = makeChecker(database.url, drop);
  cleanup.push(() => checker.stop());
  const session = async (name?: string): Promise<pg.Client> => {
    const client = await connect(database.url, name);
    cleanup.push(() => client.end());
    return client;
  };
  return { url: database.url, line, checker, session };
};

/** Looks at the writers' lock again and again: who waits for it, and whether anybody ever wanted it alone. */
const watchLocks = async (client: pg.Client, stopped: () => boolean) => {
  const seen = { looks: 0, holders: 0, waiting: 0, exclusive: 0 };
  while (!stopped()) {
    const { rows } = await client.query<{ granted: boolean; mode: string }>(`
      select granted, mode from pg_locks where locktype = 'advisory' and classid = 20260 and objid = 1
        and database = (select oid from pg_database where datname = current_database())`);
    seen.looks++;
    seen.holders = Math.max(seen.holders, rows.length);
    seen.waiting += rows.filter(({ granted }) => !granted).length;
    seen.exclusive += rows.filter(({ mode }) => mode !== 'ShareLock').length;
    await pause(2);
  }
  return seen;
};

/** Twelve writers that commit in any order, and an exporter that freezes and delivers all the time. */
const exportWhileWriting = async (fence: OpenAtFence, runs: number) => {
  const { url, line, checker, session } = await makePlace();
  const longest: Longest = { insert: 0, commit: 0 };
  let over = false;
  const stopped = () => over;
  const writing = Array.from({ length: writers }, (_, n) => {
    const name = `${new URL(url).pathname.slice(1)}-${n}`;
    return runWriter({ url, name, seed: seed + n, stopped, committed: checker.committed, longest }, n);
  });
  const watching = watchLocks(await session('watcher'), stopped);
  const exporting = async () => {
    for (let frozen = 0; frozen < runs;) {
      if ((await freezeNew({ ...line, openAtFence: fence })).outcome === 'frozen') frozen++;
      await deliverAll(line);
    }
  };
  await Promise.all([...writing, exporting().finally(() => (over = true))]);
  const locks = await watching;
  await finish({ ...line, openAtFence: fence });
  const report = await checker.report();
  const committed = await checker.count();
  const summary = `SEED=${seed}: ${committed} orders, ${checker.names().length} files, ${report.lost.length} lost, ${report.doubled.length} doubled, longest insert ${longest.insert.toFixed(1)} ms, commit ${longest.commit.toFixed(1)} ms`;
  return { report, locks, summary };
};

/** The snapshot first and the fence afterwards: what commits between the two is passed over. */
const snapshotBeforeFence: OpenAtFence = async (store, open, options) => {
  await open();
  return fenceOnPostgres(store.read, options);
};

/** The highest number that is visible: smaller ones may still be uncommitted. */
const highestVisible: OpenAtFence = async (store, open) => {
  await open();
  const row = await store.read('journal').max('sequence as last').first<{ last: unknown }>();
  return int(row?.last ?? 0);
};

describe.skipIf('missing' in inject('postgres'))('commit order on PostgreSQL', () => {
  test('nothing is lost or doubled while an exporter runs all the time, and no writer waits for it', async () => {
    const { report, locks, summary } = await exportWhileWriting(openAtFence, batches);
    console.log(summary);
    expect(report, summary).toEqual(nothingWrong);
    expect(locks.holders, 'the watcher sees the lock').toBeGreaterThan(1);
    expect(locks).toMatchObject({ waiting: 0, exclusive: 0 });
  });

  for (const [title, fence] of [
    ['the snapshot before the fence', snapshotBeforeFence],
    ['the highest visible number as the fence', highestVisible],
  ] as const) {
    test(`the same test finds losses with ${title}`, async () => {
      const { report, summary } = await exportWhileWriting(fence, 3);
      expect(report.lost.length, summary).toBeGreaterThan(0);
      expect(report, summary).toMatchObject({ doubled: [], altered: [], partial: [], invented: [] });
    });
  }
});

describe.skipIf('missing' in inject('postgres'))('a fence that waits on PostgreSQL', () => {
  const impatient: OpenAtFence = (store, open, options) => openAtFence(store, open, { ...options, patience: 50 });

  test('names the session when its patience is over, and nothing is lost once that has ended', async () => {
    const { line, checker, session } = await makePlace();
    const slow = await session('slow-importer');
    const { rows } = await slow.query<{ pid: number }>('select pg_backend_pid() as pid');
    await slow.query('begin');
    await insertOrders(slow, ['early']);
    await insertOrders(await session(), ['late']);
    await expect(freezeNew({ ...line, openAtFence: impatient })).rejects.toMatchObject({
      code: 'fence-waits',
      next: 'retry',
      reason: expect.stringContaining(`pid ${rows[0]?.pid} (slow-importer`) as string,
    });
    await slow.query('commit');
    await finish(line);
    expect(await checker.report()).toEqual(nothingWrong);
    expect(await checker.count()).toBe(2);
  });

  test('names a prepared transaction, which has no session', async () => {
    const { line, checker, session } = await makePlace();
    const slow = await session('two-phase');
    await slow.query('begin');
    await insertOrders(slow, ['prepared']);
    await slow.query(`prepare transaction 'flow-${seed}'`);
    await insertOrders(slow, ['after']);
    await expect(freezeNew({ ...line, openAtFence: impatient })).rejects.toMatchObject({
      code: 'fence-waits',
      reason: expect.stringContaining('a prepared transaction') as string,
    });
    await slow.query(`commit prepared 'flow-${seed}'`);
    await finish(line);
    expect(await checker.report()).toEqual(nothingWrong);
    expect(await checker.count()).toBe(2);
  });

  test('goes on waiting when the session hands its locks to a prepared transaction', async () => {
    const { line, checker, session } = await makePlace();
    const slow = await session('two-phase');
    await slow.query('begin');
    await insertOrders(slow, ['early']);
    await insertOrders(await session(), ['late']);
    const waits = Promise.withResolvers<string>();
    const stop = new AbortController();
    const running = freezeNew(line, { onWait: waits.resolve, signal: stop.signal });
    expect(await Promise.race([waits.promise, running])).toContain('two-phase');
    await slow.query(`prepare transaction 'flow-${seed}'`);
    // It looks once more before it listens to the signal.
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await slow.query(`commit prepared 'flow-${seed}'`);
    await finish(line);
    expect(await checker.report()).toEqual(nothingWrong);
    expect(await checker.count()).toBe(2);
  });

  test('keeps no writer waiting meanwhile', async () => {
    const { line, checker, session } = await makePlace();
    const slow = await session('slow-importer');
    await slow.query('begin');
    await insertOrders(slow, ['early']);
    const other = await session();
    await insertOrders(other, ['visible']);
    const waits = Promise.withResolvers<string>();
    let settled = false;
    const request = { due: line.clock.now(), kind: 'hand', onWait: waits.resolve } as const;
    const running = runFeed(line, feed, request).finally(() => (settled = true));
    expect(await Promise.race([waits.promise, running])).toContain('slow-importer');
    await insertOrders(other, ['meanwhile']);
    expect(settled).toBe(false);
    await slow.query('commit');
    expect((await running).batch?.rows).toBe(2);
    await finish(line);
    expect(await checker.report()).toEqual(nothingWrong);
    expect(checker.names()).toHaveLength(2);
  });

  test('is refused when numbers or the trigger would not keep it, and goes on when they do', async () => {
    const { line, checker, session } = await makePlace();
    const operator = await session('operator');
    await insertOrders(operator, ['one']);
    const trigger = 'alter table journal enable always trigger journal_fence';
    for (const [change, restore] of [
      ['alter sequence journal_sequence_seq cache 5', 'alter sequence journal_sequence_seq cache 1'],
      ['alter table journal disable trigger journal_fence', trigger],
      // What replication sends would pass it by.
      ['alter table journal enable trigger journal_fence', trigger],
    ] as const) {
      await operator.query(change);
      await expect(freezeNew(line), change).rejects.toMatchObject({ code: 'fence-guard', next: 'hold' });
      await operator.query(restore);
    }
    await finish(line);
    expect(await checker.report()).toEqual(nothingWrong);
  });
});
