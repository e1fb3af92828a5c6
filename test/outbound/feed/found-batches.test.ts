import { expect, test } from 'vitest';
import type { Batch } from '../../../src/outbound/feed/batch.ts';
import { findBatches, insertBatch, type NewBatch } from '../../../src/outbound/feed/batches.ts';
import { recentRuns } from '../../../src/outbound/feed/recent-runs.ts';
import { describeStores } from '../../stores.ts';

const batchOf = (feed: string, number: number, from: number, to: number, backfillFrom?: number): NewBatch => ({
  ...{
    feed,
    kind: 'feed',
    number,
    occurrenceId: null,
    fromSequence: from,
    toSequence: to,
    rows: to - from,
    members: '',
  },
  membership: {
    ...{ partner: 'acme', include: 'new', selection: {}, from, to },
    ...(backfillFrom !== undefined && { backfillFrom }),
  },
  layout: { timezone: 'UTC', columns: [] } as unknown as Batch['layout'],
  ...{
    fileName: `${feed}_${number}.csv`,
    spool: `${feed}${number}`,
    bytes: 1,
    sha256: 'x',
    frozenAt: number,
    companions: [],
  },
});

describeStores('batches that are looked for', (open) => {
  test('are found by a sequence in their range, which a backfill widens', async () => {
    const store = await open();
    const made = [batchOf('a', 1, 0, 10), batchOf('a', 2, 10, 20, 3), batchOf('b', 1, 5, 10)];
    for (const batch of made) await store.write((writer) => insertBatch(writer, batch));
    const over = async (sequence: number) =>
      (await findBatches(store.read, { kind: 'feed', over: sequence })).map(({ fileName }) => fileName);
    expect(await over(3)).toEqual(['a_1.csv']);
    expect(await over(4)).toEqual(['a_1.csv', 'a_2.csv']);
    expect(await over(10)).toEqual(['a_1.csv', 'a_2.csv', 'b_1.csv']);
    expect(await over(11)).toEqual(['a_2.csv']);
    expect(await over(21)).toEqual([]);
  });

  test('are the newest of each feed, newest first, and none of another', async () => {
    const store = await open();
    const made = [1, 2, 3].flatMap((n) => [
      batchOf('a', n, n, n + 1),
      batchOf('b', n, n, n + 2),
      batchOf('c', n, n, n + 3),
    ]);
    for (const batch of made) await store.write((writer) => insertBatch(writer, batch));
    const runs = await recentRuns(store.read, ['b', 'a', 'none'], 2);
    expect([...runs].map(([feed, of]) => [feed, of.map(({ rows, frozenAt }) => [rows, frozenAt])])).toEqual([
      [
        'b',
        [
          [2, 3],
          [2, 2],
        ],
      ],
      [
        'a',
        [
          [1, 3],
          [1, 2],
        ],
      ],
      ['none', []],
    ]);
    expect(await recentRuns(store.read, [], 2)).toEqual(new Map());
  });
});
