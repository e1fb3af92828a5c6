import { readdirSync, readFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { CommitPoint } from '../../src/commit-point.ts';
import type { StoreKind } from '../stores.ts';
import { nothingWrong } from './checker.ts';
import { ask } from './plain-sql.ts';
import { makePlace, type Place } from './place.ts';
import { inLab } from './random.ts';
import { until } from '../until.ts';

const places: Place[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove();
});
const makeHere = async (kind: StoreKind): Promise<Place> => {
  const place = await makePlace(kind);
  places.push(place);
  return place;
};

const isStopped = (pid: number): boolean => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** Whether somebody holds SQLite's write lock. */
const isLocked = (url: string): boolean => {
  const db = new BetterSqlite3(url.slice('sqlite:'.length), { timeout: 3000 });
  try {
    db.exec('begin immediate; rollback');
    return false;
  } catch {
    return true;
  } finally {
    db.close();
  }
};

/**
 * A place where a process sleeps at a commit point. One that was stopped while its heartbeat held SQLite's lock lets
 * nobody write, whatever we do: that is not what is asked here, so another one is put to sleep.
 */
const makeSleeper = async (kind: StoreKind, point: CommitPoint, lease: { leaseMs?: number } = {}) => {
  for (let tries = 0; tries < 5; tries++) {
    const place = await makeHere(kind);
    const sleeper = place.child({ name: 'sleeper', ...lease, at: { point, nth: 1, end: 'stop' } });
    await sleeper.says(`at ${point}`);
    await until(() => isStopped(sleeper.process.pid ?? 0), 'it sleeps');
    if (kind === 'postgres' || !isLocked(place.url)) return { place, sleeper };
    sleeper.process.kill('SIGKILL');
    await sleeper.ended;
  }
  throw new Error('each sleeper held the lock');
};

const few: CommitPoint[] = ['1 claimed', '4 before freeze', '5 renaming recorded', '6 before receipt'];
const more: CommitPoint[] = [
  '2 snapshot opened',
  '3 rendered',
  '4 frozen',
  '5 attempt recorded',
  '5 uploaded',
  '5 renamed',
];
const points = inLab ? [...few, ...more] : few;

/** Everything that says what happened; leases come and go. */
const tables = ['feeds', 'occurrences', 'batches', 'deliveries', 'attempts'];
const allRows = (url: string) =>
  Promise.all(tables.map((table) => ask<object>(url, `select * from ${table} order by 1, 2`)));

for (const kind of ['sqlite', 'postgres'] as const) {
  const missing = kind === 'postgres' && 'missing' in inject('postgres');

  describe.skipIf(missing)(`two processes on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`, () => {
    test('run one feed at the same time, by the clock and by hand: each transaction once', async () => {
      const place = await makeHere(kind);
      const rounds = inLab ? 200 : 6;
      const both = [
        place.child({ name: 'clock', orders: 20, rounds, kind: 'schedule' }),
        place.child({ name: 'hand', orders: 20, rounds, kind: 'hand' }),
      ];
      for (const child of both) expect(await child.ended).toMatchObject({ code: 0 });
      await place.recover('two at a time');
      expect(await place.checker.count()).toBe(2 * 20 * rounds);
    });

    test.each(points)('one that sleeps at "%s" beyond its lease changes nothing when it wakes', async (point) => {
      const { place, sleeper } = await makeSleeper(kind, point);
      await place.recover('the other took over');
      const before = await allRows(place.url);
      const names = place.checker.names();
      sleeper.process.kill('SIGCONT');
      const { said } = await sleeper.ended;
      const refused = point < '4 frozen' ? ['fault claim-lost'] : [];
      expect(said.filter((line) => line.startsWith('fault')).map((line) => line.slice(0, 16))).toEqual(refused);
      expect(await allRows(place.url)).toEqual(before);
      expect(await place.checker.report()).toEqual(nothingWrong);
      expect(place.checker.names()).toEqual(names);
      expect(place.checker.unfinished()).toEqual([]);
      const kept = await ask<{ spool: string }>(place.url, 'select spool from batches');
      expect(readdirSync(place.spool).sort()).toEqual([...kept.map(({ spool }) => spool), 'notes'].sort());
    });

    test('one that sleeps is taken over when its lease is over, without anybody ending it', async () => {
      const { place, sleeper } = await makeSleeper(kind, '4 before freeze', { leaseMs: 2000 });
      const other = place.child({ name: 'other' });
      expect(await other.ended).toMatchObject({ code: 0 });
      sleeper.process.kill('SIGCONT');
      expect((await sleeper.ended).said.at(-1)).toMatch(/^fault claim-lost/);
      await place.recover('after both');
      expect(await place.checker.count()).toBe(10);
    });
  });
}
