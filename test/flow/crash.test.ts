import { afterEach, describe, expect, inject, test } from 'vitest';
import type { CommitPoint } from '../../src/commit-point.ts';
import type { StoreKind } from '../stores.ts';
import { nothingWrong, type Report } from './checker.ts';
import type { Mistake } from './broken.ts';
import { killAtAnyTime, killAtEach, wasKilled } from './kill.ts';
import { addOrders } from './orders.ts';
import { makePlace, type Place } from './place.ts';
import { inLab, seed } from './random.ts';

/** Every commit point there is: a new one that is missing here does not compile. */
const points = Object.keys({
  '1 claimed': true,
  '2 fenced': true,
  '2 snapshot opened': true,
  '3 rendering': true,
  '3 rendered': true,
  '4 before freeze': true,
  '4 frozen': true,
  '5 attempt recorded': true,
  '5 uploading': true,
  '5 uploaded': true,
  '5 renaming recorded': true,
  '5 announced': true,
  '5 renamed': true,
  '6 before receipt': true,
  '6 receipt': true,
  '6 swept': true,
} satisfies Record<CommitPoint, true>) as CommitPoint[];

const places: Place[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove();
});
const makeHere = async (kind: StoreKind): Promise<Place> => {
  const place = await makePlace(kind);
  places.push(place);
  return place;
};

for (const kind of ['sqlite', 'postgres'] as const) {
  const missing = kind === 'postgres' && 'missing' in inject('postgres');
  const title = kind === 'sqlite' ? 'SQLite' : 'PostgreSQL';

  describe.skipIf(missing)(`killed on ${title}`, () => {
    test.each(points)('at "%s": each transaction arrives once, in whole files', async (point) => {
      const place = await makeHere(kind);
      await killAtEach(place, [point]);
      await addOrders((await place.open()).store, ['later']);
      await place.recover(point);
      expect(await place.checker.count()).toBe(6);
    });

    test('again while it takes up what was left', async () => {
      const place = await makeHere(kind);
      await killAtEach(place, ['5 uploaded', '6 receipt']);
      await place.recover('chain');
    });

    if (inLab) {
      test('at any two points, one after the other', async () => {
        const pairs = points.flatMap((first) => points.map((second) => [first, second] as const));
        // After `5 announced` the delivery waits for a person, and those behind it wait for it.
        for (const pair of pairs.filter(([first, second]) => first !== '5 announced' || second < '5')) {
          const place = await makeHere(kind);
          await killAtEach(place, pair);
          await place.recover(pair.join(', then '));
          await place.remove();
          places.pop();
        }
      });
    }

    test('at any time', { timeout: 1_200_000 }, async () => {
      const place = await makeHere(kind);
      await killAtAnyTime(place, inLab ? 200 : 5);
      await place.recover(`SEED=${seed}`);
      console.log(`SEED=${seed}: ${await place.checker.count()} orders in ${place.checker.names().length} files`);
    });
  });
}

describe('the checker', () => {
  const mistakes: [Mistake, CommitPoint, number, keyof Report][] = [
    ['uploads straight', '5 uploading', 2, 'partial'],
    ['moves the watermark first', '4 before freeze', 1, 'lost'],
    ['renders again', '5 renamed', 1, 'altered'],
  ];
  test.each(mistakes)('finds out a program that %s', async (mistake, point, nth, finding) => {
    const place = await makeHere('sqlite');
    const early = mistake === 'renders again' ? {} : { mistake };
    await wasKilled(place.child({ name: 'first', at: { point, nth, end: 'kill' }, ...early }));
    await place.checker.look();
    const line = await place.open();
    await place.endLeases(line);
    // Between the crash and the retry a transaction is modified, as every day.
    await line.store.write(({ knex }) => knex('transactions').update({ amount: 1_000_000 }));
    await place.child({ name: 'second', orders: 0, mistake }).ended;
    const report = await place.checker.report();
    expect(report).not.toEqual(nothingWrong);
    expect(report[finding]).not.toEqual([]);
  });
});
