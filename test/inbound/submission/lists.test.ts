import { expect, test } from 'vitest';
import { submissionsNaming } from '../../../src/inbound/submission/naming.ts';
import {
  findSubmissions,
  nextSubmission,
  newestThatApplied,
  type SubmissionFilter,
  waitingEventTypes,
} from '../../../src/inbound/submission/submissions.ts';
import { rawRows, type Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';

const statuses = ['Complete', 'Complete', 'Complete', 'Held', 'Queued'];

const row = (i: number) => ({
  ...{
    event_type: i % 7 === 0 ? 4522 : 4521,
    channel: i % 5 === 0 ? 'inbox' : 'mail',
    sender: `s${i % 3}@brand.example`,
  },
  ...{ file_name: 'f.csv', spool: 'x', bytes: 1, sha256: `h${i}`, check_only: false, status: statuses[i % 5] },
  ...{ type: i % 11 === 0 ? 'Conversion' : 'Reversal', received_at: 1000 + i, notes: '[]', outcomes: '{}' },
});

/** Submissions 1 to 200. */
const fill = (store: Store): Promise<void> =>
  store.write(({ knex }) => knex('submissions').insert(Array.from({ length: 200 }, (_, i) => row(i + 1))));

const filters: [SubmissionFilter, (one: ReturnType<typeof row>) => boolean][] = [
  [{}, () => true],
  [{ eventTypeId: 4522 }, (one) => one.event_type === 4522],
  [{ eventTypeIds: [4522, 4600] }, (one) => one.event_type === 4522],
  [{ eventTypeIds: [] }, () => false],
  [{ eventTypeId: 4521, status: 'Held' }, (one) => one.event_type === 4521 && one.status === 'Held'],
  [{ sender: 's1@brand.example' }, (one) => one.sender === 's1@brand.example'],
  [{ channel: 'inbox' }, (one) => one.channel === 'inbox'],
  [{ type: 'Conversion', eventTypeId: 4521 }, (one) => one.type === 'Conversion' && one.event_type === 4521],
  [{ from: 1050, to: 1060 }, (one) => one.received_at >= 1050 && one.received_at < 1060],
];

/** How SQLite goes about the queries of some work. */
const plansOf = async (store: Store, work: () => Promise<unknown>): Promise<string> => {
  const asked: { sql: string; bindings: readonly unknown[] }[] = [];
  const hear = (query: (typeof asked)[number]) => void asked.push(query);
  store.read.on('query', hear);
  await work();
  store.read.removeListener('query', hear);
  const plans: string[] = [];
  for (const { sql, bindings } of asked)
    for (const { detail } of (await store.read.raw(`explain query plan ${sql}`, bindings as string[])) as Detail[])
      plans.push(detail);
  return plans.join('\n');
};

interface Detail {
  detail: string;
}

describeStores('the file submissions log', (open, kind) => {
  test('gives each list page by page, both ways', async () => {
    const store = await open();
    await fill(store);
    for (const [filter, fits] of filters) {
      const ids = Array.from({ length: 200 }, (_, i) => i + 1).filter((id) => fits(row(id)));
      for (const newestFirst of [true, false]) {
        const wanted = newestFirst ? ids.toReversed() : ids;
        const found: number[] = [];
        for (;;) {
          const beyond = found.at(-1);
          const page = { newestFirst, count: 30, ...(beyond !== undefined && { beyond }) };
          const next = await findSubmissions(store.read, filter, page);
          found.push(...next.map(({ id }) => id));
          if (next.length < 30) break;
        }
        expect(found).toEqual(wanted);
      }
      expect((await findSubmissions(store.read, filter)).map(({ id }) => id)).toEqual(ids);
    }
    expect(await waitingEventTypes(store.read)).toEqual([4521, 4522]);
    expect(await nextSubmission(store.read, 4522)).toMatchObject({ id: 14 });
  });

  test('of an order that stands in ever so many lines, the newest 1,000 are told', async () => {
    const store = await open();
    await fill(store);
    const lines = (submission: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ submission_id: submission, number: i + 1, line: i + 2 })).map(
        (one) => ({ ...one, order_id: 'A', outcome: 'NO_CHANGE' }),
      );
    await store.write(async ({ knex }) => {
      for (const some of [lines(1, 90), lines(2, 400), lines(3, 400), lines(4, 180)])
        for (let from = 0; from < some.length; from += 100)
          await knex('submission_rows').insert(some.slice(from, from + 100));
    });
    const found = await submissionsNaming(store.read, 'A');
    expect(found).toHaveLength(1000);
    expect(found[0]).toMatchObject({ submission: 1, line: 72 });
    expect(found.at(-1)).toMatchObject({ submission: 4, line: 181 });
  });

  test('finds what waits, what came later and each page in an index, in its order', async () => {
    const store = await open();
    await fill(store);
    if (kind === 'postgres') {
      // So few rows are scanned whatever the indexes are; that they are there is what matters.
      const rows = await rawRows(store.read, "select indexname from pg_indexes where tablename = 'submissions'", []);
      expect(rows.map((one) => one['indexname'])).toContain('submissions_unfinished');
      return;
    }
    const page = { newestFirst: true, count: 51 };
    const lists: SubmissionFilter[] = [
      ...[{}, { eventTypeId: 4521 }, { eventTypeId: 4521, status: 'Held' as const }, { status: 'Held' as const }],
      ...[{ sender: 's1@brand.example' }, { channel: 'mail' as const }, { type: 'Reversal' as const }],
    ];
    for (const filter of lists) {
      const plan = await plansOf(store, () => findSubmissions(store.read, filter, page));
      expect([filter, plan]).toEqual([filter, expect.not.stringMatching(/TEMP B-TREE/)]);
    }
    const next = await plansOf(store, () => nextSubmission(store.read, 4521));
    expect(next).toContain('submissions_unfinished');
    expect(await plansOf(store, () => waitingEventTypes(store.read))).not.toContain('SCAN');
    const later = await plansOf(store, () => newestThatApplied(store.read, { id: 3, eventTypeId: 4521 }));
    expect(later).not.toMatch(/TEMP B-TREE/);
  });
});
