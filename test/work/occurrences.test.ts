import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import {
  claimOccurrence,
  type ClaimRequest,
  finishOccurrence,
  lastDue,
  recordSkipped,
  resumeOccurrence,
  unfinishedOccurrences,
} from '../../src/work/occurrences.ts';
import { describeStores } from '../stores.ts';

const due = Date.parse('2026-05-02T02:00Z');
const lost = { code: 'claim-lost', next: 'retry' };

const claim = (store: Store, request: Partial<ClaimRequest> = {}) =>
  store.write((writer) => claimOccurrence(writer, { feed: 'a', due, kind: 'schedule', claim: 1, ...request }));
const claimed = async (store: Store, request: Partial<ClaimRequest> = {}): Promise<{ id: number; due: number }> => {
  const got = await claim(store, request);
  if (got === 'done') throw new Error('already done');
  return got;
};
const finish = (store: Store, id: number, by: number, outcome: 'frozen' | 'empty' = 'frozen') =>
  store.write((writer) => finishOccurrence(writer, { id, claim: by }, outcome));

describeStores('occurrences', (open) => {
  test('claimed once; when finished, another claimant is skipped, not failed', async () => {
    const store = await open();
    const { id } = await claimed(store);
    await finish(store, id, 1);
    expect(await claim(store, { claim: 2 })).toBe('done');
    expect(await claimed(store, { feed: 'b' })).not.toEqual({ id, due });
    const row = (await store.read('occurrences').where({ id }).first('state', 'outcome')) as unknown;
    expect(row).toEqual({ state: 'finished', outcome: 'frozen' });
  });

  test('of many claimants one gets it, the others take it over or find it done, and there is one row', async () => {
    const store = await open();
    const got = await Promise.all(Array.from({ length: 8 }, () => claimed(store)));
    expect(new Set(got.map(({ id }) => id)).size).toBe(1);
    expect(await store.read('occurrences')).toHaveLength(1);
  });

  test('left unfinished, it is taken over by a newer claim, and the old one can do nothing more', async () => {
    const store = await open();
    const { id } = await claimed(store, { claim: 4 });
    expect(await claimed(store, { claim: 5 })).toEqual({ id, due });
    await expect(finish(store, id, 4)).rejects.toMatchObject(lost);
    await expect(claim(store, { claim: 4 })).rejects.toMatchObject(lost);
    expect(await unfinishedOccurrences(store.read, 'a')).toEqual([{ id, feed: 'a', due, kind: 'schedule', claim: 5 }]);
    await finish(store, id, 5, 'empty');
    expect(await unfinishedOccurrences(store.read, 'a')).toEqual([]);
    await expect(finish(store, id, 5)).rejects.toMatchObject(lost);
  });

  test('an unfinished one is resumed by its id', async () => {
    const store = await open();
    const { id } = await claimed(store, { claim: 4 });
    await store.write((writer) => resumeOccurrence(writer, { id, claim: 6 }));
    await expect(store.write((writer) => resumeOccurrence(writer, { id, claim: 5 }))).rejects.toMatchObject(lost);
    await finish(store, id, 6);
    await expect(store.write((writer) => resumeOccurrence(writer, { id, claim: 7 }))).rejects.toMatchObject(lost);
  });

  test('a write that fails claims nothing', async () => {
    const store = await open();
    const failing = store.write(async (writer) => {
      await claimOccurrence(writer, { feed: 'a', due, kind: 'schedule', claim: 1 });
      throw new Error('cut');
    });
    await expect(failing).rejects.toThrow('cut');
    expect(await lastDue(store.read, 'a')).toBeUndefined();
    expect(await unfinishedOccurrences(store.read, 'a')).toEqual([]);
  });

  test('runs by hand never stand where the clock comes', async () => {
    const store = await open();
    const hand = { kind: 'hand' } as const;
    expect(await claimed(store, hand)).toMatchObject({ due: due + 1 });
    expect(await claimed(store, hand)).toMatchObject({ due: due + 2 });
    expect(await claimed(store, { ...hand, due: due + 59_999 })).toMatchObject({ due: due + 59_999 });
    expect(await claimed(store, { ...hand, due: due + 59_999 })).toMatchObject({ due: due + 60_001 });
    expect(await claimed(store)).toMatchObject({ due });
  });

  test('the last due time counts claimed and skipped ones of the clock, not runs by hand', async () => {
    const store = await open();
    expect(await lastDue(store.read, 'a')).toBeUndefined();
    await claimed(store);
    await claimed(store, { kind: 'hand', due: due + 7_200_000 });
    await claimed(store, { feed: 'b', due: due + 9_000_000 });
    expect(await lastDue(store.read, 'a')).toBe(due);
    const dues = [due, due + 60_000, due + 120_000];
    const skip = () => store.write((writer) => recordSkipped(writer, { feed: 'a', dues, claim: 2 }));
    await skip();
    await skip();
    await store.write((writer) => recordSkipped(writer, { feed: 'a', dues: [], claim: 2 }));
    expect(await lastDue(store.read, 'a')).toBe(due + 120_000);
    expect(await unfinishedOccurrences(store.read, 'a')).toHaveLength(2); // the claimed one stayed as it was
    expect(await claim(store, { due: due + 60_000, claim: 3 })).toBe('done');
  });

  test('two hundred skipped ones are one statement', async () => {
    const store = await open();
    const dues = Array.from({ length: 200 }, (_, n) => due + n * 60_000);
    await store.write((writer) => recordSkipped(writer, { feed: 'a', dues, claim: 2 }));
    expect(await store.read('occurrences')).toHaveLength(200);
  });
});
