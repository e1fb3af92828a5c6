import { expect, test } from 'vitest';
import { releaseSubmission } from '../../src/inbound/submission/release.ts';
import { int, type Row, type Store } from '../../src/store/store.ts';
import { due } from '../feeds.ts';
import { eventType } from '../inbound/submission/event-type.ts';
import { describeStores } from '../stores.ts';
import { makeStage, minute } from './stage.ts';

const day = 24 * 60 * minute;

let files = 0;

const addSubmission = (store: Store, status: string, changes: Row = {}): Promise<number> =>
  store.write(async ({ knex }) => {
    const name = `mods-${++files}.csv`;
    const about = { event_type: 4521, channel: 'mail', file_name: name, spool: 'x', bytes: 1, sha256: name };
    const plain = { check_only: false, received_at: due, notes: '[]', outcomes: '{}' };
    const [row] = (await knex('submissions').insert({ ...about, ...plain, status, ...changes }, ['id'])) as Row[];
    return int(row?.['id']);
  });

const eventTypes = new Map([[4521, eventType]]);

describeStores('alerts of the way in', (open) => {
  test('failed files are one alert of their event type, until a good one comes', async () => {
    const store = await open();
    const { wake, alerts } = await makeStage(store, [], { eventTypes });
    await addSubmission(store, 'Complete');
    await addSubmission(store, 'Failed', { error: 'The file: it is empty.' });
    await addSubmission(store, 'Failed', { check_only: true });
    await addSubmission(store, 'Failed', { error: 'The file: it is empty.' });
    await addSubmission(store, 'Failed', { event_type: 9 });
    await wake();
    const [failed, ...others] = await alerts();
    expect([others, failed]).toMatchObject([
      [],
      { kind: 'submission', subject: 'event type 4521: 2 files failed', endedAt: null },
    ]);
    expect(failed?.text).toContain('The file: it is empty.');
    await addSubmission(store, 'Complete', { check_only: true });
    await wake();
    expect(await alerts(false)).toHaveLength(1);
    await addSubmission(store, 'Complete');
    await wake();
    expect(await alerts(false)).toEqual([]);
  });

  test('a failed file is told of for a week', async () => {
    const store = await open();
    const { wake, alerts } = await makeStage(store, [], { eventTypes });
    await addSubmission(store, 'Failed');
    await wake();
    expect(await alerts(false)).toHaveLength(1);
    await wake(7 * day);
    expect(await alerts(false)).toEqual([]);
  });

  test('held files are one alert of their event type, until they are released', async () => {
    const store = await open();
    const { wake, alerts } = await makeStage(store, [], { eventTypes });
    const id = await addSubmission(store, 'Held', { error: '40 of 50 lines (80 %) ask for a reversal.' });
    await wake();
    expect(await alerts(false)).toMatchObject([{ kind: 'submission', subject: 'event type 4521: 1 file held' }]);
    await releaseSubmission(store, id);
    await wake();
    expect(await alerts(false)).toEqual([]);
  });

  test('files of an event type that is gone are told of, until it is back', async () => {
    const store = await open();
    const { context, job, wake, alerts } = await makeStage(store, [], { eventTypes: new Map() });
    await addSubmission(store, 'Queued');
    await wake();
    const [found] = await alerts(false);
    expect(found?.subject).toBe('event type 4521: 1 file for an event type that is not configured');
    await job.run({ ...context, eventTypes });
    expect(await alerts(false)).toEqual([]);
  });

  test('who mails every week and did not is told of until a file comes; files by hand are no habit', async () => {
    const store = await open();
    const { wake, alerts } = await makeStage(store, [], { eventTypes });
    for (const week of [1, 2, 3, 4])
      await addSubmission(store, 'Complete', { received_at: due - week * 7 * day - minute });
    for (const week of [1, 2, 3, 4, 5])
      await addSubmission(store, 'Complete', { channel: 'submit', received_at: due - week * 7 * day - 300 * minute });
    await wake(10 * minute);
    expect(await alerts(false)).toEqual([]);
    await wake(60 * minute);
    expect(await alerts(false)).toMatchObject([{ kind: 'missing', subject: 'event type 4521: no file this Saturday' }]);
    await addSubmission(store, 'Queued', { received_at: due + 65 * minute });
    await wake();
    expect(await alerts(false)).toEqual([]);
  });

  test('an inbox that cannot be read is told of at once when a person must act, else when it stays so', async () => {
    const store = await open();
    const inboxes = new Map([[4521, {} as never]]);
    const { wake, alerts } = await makeStage(store, [], { eventTypes, inboxes });
    const trouble = { event_type: 4521, place: 'file:///in', polled_at: due, hint: 'look', failing_since: due };
    const set = (values: Row) => store.write(async ({ knex }) => void (await knex('inboxes').update(values)));
    await store.write(
      async ({ knex }) => void (await knex('inboxes').insert({ ...trouble, error: 'cut', next: 'retry' })),
    );
    await wake(minute);
    expect(await alerts(false)).toEqual([]);
    await set({ next: 'hold', error: 'another host key' });
    await wake(minute);
    expect(await alerts(false)).toMatchObject([
      { kind: 'inbox', subject: 'event type 4521: its inbox cannot be read' },
    ]);
    await set({ next: null, error: null, failing_since: null });
    await wake(minute);
    expect(await alerts(false)).toEqual([]);
    await set({ next: 'retry', error: 'cut', failing_since: due });
    await wake(60 * minute);
    expect(await alerts(false)).toHaveLength(1);
  });
});
