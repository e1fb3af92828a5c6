import { expect, test } from 'vitest';
import { parseMarkerTemplate } from '../../../src/file/name-template.ts';
import { freeNames } from '../../../src/outbound/feed/file-names.ts';
import { exportToDrops } from '../../../src/outbound/feed/manual.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { addTransactions, due, makeContext, makeFeed, spooled } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const minute = 60_000;

describeStores('the names of a batch', (open) => {
  const run = async (...markers: string[]) => {
    const ctx = await makeContext(await open());
    const made = [];
    for (const [i, marker] of markers.entries()) {
      await addTransactions(ctx.store, [{}]);
      const feed = makeFeed({}, { name: 'a_{due:yyyyMMdd_HHmm}.csv', sidecar: 'sha256', marker });
      const { batch } = await runFeed(ctx, feed, { due: due + i, kind: 'schedule' });
      made.push([batch!.fileName, ...batch!.companions.map(({ kind, fileName }) => `${kind} ${fileName}`)]);
    }
    return { ctx, made };
  };

  test('the marker is last and empty, and named after its file', async () => {
    const { ctx, made } = await run('{name}.done');
    expect(made).toEqual([
      ['a_20261122_0200.csv', 'sha256 a_20261122_0200.csv.sha256', 'marker a_20261122_0200.csv.done'],
    ]);
    const { batch } = await runFeed(ctx, makeFeed({ empty: 'header-only' }, { marker: 'DONE_{number}' }), {
      due: due + minute,
      kind: 'schedule',
    });
    expect(batch!.companions).toMatchObject([{ kind: 'marker', fileName: 'DONE_2', bytes: 0 }]);
    expect(await spooled(ctx, batch!.companions[0]!)).toBe('');
  });

  test('where one is taken, all of them get another', async () => {
    // A file of the second batch would be free, but its marker's name is that of the first.
    const { made } = await run('DONE_{due:yyyyMMddHHmm}.txt', 'DONE_{due:yyyyMMddHHmm}.txt', '{name}.done');
    expect(made.slice(1)).toEqual([
      ['a_20261122_0200_2.csv', 'sha256 a_20261122_0200_2.csv.sha256', 'marker DONE_202611220200_2.txt'],
      ['a_20261122_0200_3.csv', 'sha256 a_20261122_0200_3.csv.sha256', 'marker a_20261122_0200_3.csv.done'],
    ]);
  });

  test("a file never takes the name of an earlier batch's companion", async () => {
    const { ctx } = await run('b_{due:yyyyMMddHHmm}.csv');
    const feed = makeFeed({}, { name: 'b_{due:yyyyMMddHHmm}.csv', marker: '{name}.done' });
    const { part, marker } = await freeNames(ctx, feed, { due, number: 2 });
    expect([part(1), marker]).toEqual(['b_202611220200_2.csv', 'b_202611220200_2.csv.done']);
  });

  test.each([
    ['{name}.done', /^acme_20261122_manual_20261121T150000\.csv\.done$/],
    ['DONE_{number}', /^DONE_manual_20261121T150000$/],
  ])('of a manual export, whose marker is %s', async (marker, name) => {
    const ctx = await makeContext(await open());
    const made = await exportToDrops(ctx, makeFeed({}, { marker }), { by: 'created', from: 0, to: due });
    expect(made.companions[0]?.fileName).toMatch(name);
  });
});

test('a marker template is checked like a name', () => {
  expect(parseMarkerTemplate('{name}.done')).toHaveProperty('template');
  expect(parseMarkerTemplate('DONE')).toHaveProperty('problems');
  expect(parseMarkerTemplate('{name:2}')).toEqual({ problems: ['{name:2}: name takes nothing after a colon'] });
  expect(parseMarkerTemplate(`${'x'.repeat(300)}{name}`)).toHaveProperty('problems');
});
