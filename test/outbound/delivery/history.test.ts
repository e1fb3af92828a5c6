import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../src/outbound/delivery/attempts.ts';
import { historyOf, leftovers } from '../../../src/outbound/delivery/history.ts';

const parcels = [
  { fileName: 'a.csv', spool: 's', bytes: 10, sha256: 'x' },
  { fileName: 'a.csv.done', spool: 't', bytes: 0, sha256: 'y', marker: true },
];
const row = (number: number, changes: Partial<Attempt>): Attempt => ({
  deliveryId: 1,
  number,
  place: 'here',
  fileName: 'a.csv',
  partialName: 'a.csv',
  phase: 'renaming',
  startedAt: 0,
  endedAt: 1,
  outcome: 'failed',
  error: null,
  hint: null,
  ...changes,
});

describe('what earlier straight writes say', () => {
  test('one that was begun is open, and ours to write over', () => {
    const history = historyOf([row(1, {})], parcels);
    expect(history).toMatchObject({ next: 0, sent: true, begunAt: 'here', open: { partialName: 'a.csv' } });
  });

  test('an attempt that did not come so far again changes nothing of that', () => {
    const history = historyOf([row(1, {}), row(2, { phase: 'uploading' })], parcels);
    expect(history).toMatchObject({ begunAt: 'here', sent: true });
    expect(history.open).toBeUndefined();
  });

  test('what a person released is still ours to write over, what they resent is not', () => {
    const released = historyOf([row(1, {}), row(2, { phase: 'released', fileName: '', place: '' })], parcels);
    expect(released.begunAt).toBe('here');
    expect(released.open).toBeUndefined();
    expect(
      historyOf([row(1, {}), row(2, { phase: 'resent', fileName: '', place: '' })], parcels).begunAt,
    ).toBeUndefined();
  });

  test('one that was found whole is not: what lies there then may be somebody else’s', () => {
    expect(historyOf([row(1, {}), row(2, { phase: 'renamed' })], parcels).begunAt).toBeUndefined();
  });

  test('of a file that is done nothing is said about the next', () => {
    const history = historyOf([row(1, {}), row(2, { phase: 'confirmed', partialName: '' })], parcels);
    expect(history).toEqual({ next: 1, sent: false, place: 'here', tries: 2 });
  });

  test('a rename that was open is none', () => {
    expect(historyOf([row(1, { partialName: '.a.csv.1-x.part' })], parcels).begunAt).toBeUndefined();
  });

  test('a final name is never swept', () => {
    const rows = [row(1, {}), row(2, { partialName: '.a.csv.2-x.part' }), row(3, { place: 'there' })];
    expect(leftovers(rows, 'here')).toEqual(['.a.csv.2-x.part']);
  });
});
