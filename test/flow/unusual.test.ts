import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { CommitPoint } from '../../src/commit-point.ts';
import { release } from '../../src/outbound/delivery/actions.ts';
import { findDeliveries } from '../../src/outbound/delivery/deliveries.ts';
import { findBatches } from '../../src/outbound/feed/batches.ts';
import { prove } from '../../src/outbound/feed/prove.ts';
import { nothingWrong } from './checker.ts';
import { wasKilled } from './kill.ts';
import { deliverAll, freezeNew, type Line } from './line.ts';
import { addOrders } from './orders.ts';
import { makePlace, type Place } from './place.ts';

/** A batch over the bounds of its feed waits, whatever is killed meanwhile, and goes out once, in its turn. */

const hold = { rowsOver: 4 };
const places: Place[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove();
});

const standing = async ({ store }: Line) =>
  (await findDeliveries(store.read)).map(({ state, errorCode, claim }) => ({ state, errorCode, claim }));

const held = { state: 'held', errorCode: 'unusual', claim: 0 };

/** What a process that was killed had held for its time is free. */
const openAgain = async (place: Place): Promise<Line> => {
  const line = await place.open();
  await place.endLeases(line);
  return line;
};

for (const kind of ['sqlite', 'postgres'] as const) {
  const missing = kind === 'postgres' && 'missing' in inject('postgres');
  describe.skipIf(missing)(`an unusual batch on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`, () => {
    test.each<CommitPoint>(['3 rendered', '4 before freeze', '4 frozen'])('killed at "%s"', async (point) => {
      const place = await makePlace(kind);
      places.push(place);
      await wasKilled(place.child({ name: 'big', hold, at: { point, nth: 1, end: 'kill' } }));
      const line = await openAgain(place);
      while ((await freezeNew(line, {}, hold)).outcome !== 'empty');
      await addOrders(line.store, ['small-1', 'small-2']);
      for (const order of ['small-1', 'small-2']) place.checker.committed(order);
      await freezeNew(line, {}, hold);
      await deliverAll(line);
      const pending = { state: 'pending', errorCode: null, claim: 0 };
      expect(await standing(line)).toEqual([held, pending]);
      expect(readdirSync(place.folder)).toEqual([]);

      const [first] = await findDeliveries(line.store.read);
      await release(line.store, first!.id, first!.claim);
      await wasKilled(place.child({ name: 'none', orders: 0, hold, at: { point: '5 renamed', nth: 1, end: 'kill' } }));
      const after = await openAgain(place);
      await deliverAll(after);
      expect((await standing(after)).map(({ state }) => state)).toEqual(['delivered', 'delivered']);
      expect((await findBatches(after.store.read)).map(({ number, rows }) => [number, rows])).toEqual([
        [1, 5],
        [2, 2],
      ]);
      expect(await place.checker.report()).toEqual(nothingWrong);
      expect(await place.checker.count()).toBe(7);
      expect(await prove(after.store, after.spool)).toMatchObject({ ok: true });
    });
  });
}
