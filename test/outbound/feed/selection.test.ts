import { describe, expect, test } from 'vitest';
import { isWidened, type Membership, memberCondition, segmentsOf } from '../../../src/outbound/feed/selection.ts';

describe('a selection is wider', () => {
  test.each([
    [{}, {}, false],
    [{ eventTypes: [1] }, {}, true],
    [{}, { eventTypes: [1] }, false],
    [{ eventTypes: [1] }, { eventTypes: [1, 2] }, true],
    [{ eventTypes: [1, 2] }, { eventTypes: [2] }, false],
    [{ eventTypes: [1], campaigns: ['a'] }, { eventTypes: [1], campaigns: ['b'] }, true],
    [{ eventTypes: [1, 2], campaigns: ['a'] }, { eventTypes: [1], campaigns: ['a'] }, false],
  ])('%j → %j: %s', (before, next, wider) => expect(isWidened(before, next)).toBe(wider));
});

const batch = (from: number, to: number, selection = {}, backfillFrom?: number): Membership => ({
  partner: 'acme',
  include: 'new',
  selection,
  from,
  to,
  ...(backfillFrom !== undefined && { backfillFrom }),
});

test('neighbouring batches of one selection are one segment', () => {
  expect(segmentsOf([batch(0, 5), batch(5, 9), batch(9, 12, { eventTypes: [1] })])).toEqual([
    { from: 0, to: 9, selection: {} },
    { from: 9, to: 12, selection: { eventTypes: [1] } },
  ]);
});

test('a batch with a backfill covers its selection from where the backfill began', () => {
  expect(segmentsOf([batch(3, 5, { eventTypes: [1] }), batch(5, 9, { eventTypes: [1, 2] }, 3)])).toEqual([
    { from: 3, to: 5, selection: { eventTypes: [1] } },
    { from: 3, to: 9, selection: { eventTypes: [1, 2] } },
  ]);
});

test('values reach SQL as parameters only', () => {
  const campaigns = ["x' or 1=1 --"];
  const { sql, parameters } = memberCondition({ partner: 'a', include: 'new', selection: { campaigns } });
  expect(sql).not.toContain('or 1=1');
  expect(parameters).toEqual(['a', ...campaigns]);
});
