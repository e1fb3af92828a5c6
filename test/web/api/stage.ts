import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { addTransactions } from '../../feeds.ts';
import { int, type Row, type Store } from '../../../src/store/store.ts';
import type { PlaceOfWeb } from '../place.ts';

const at = Date.parse('2026-11-20T15:00:00Z');

const idOf = (rows: unknown): number => int((rows as Row[])[0]?.['id']);

const spool = async ({ spool: folder }: PlaceOfWeb, text: string): Promise<string> => {
  const draft = await folder.draft();
  await draft.handle.writeFile(text);
  return draft.keep();
};

const batchRow = (feed: string, file: string, name: string) => ({
  // Not the number that the next run of the feed would give.
  ...{ feed, kind: 'feed', number: 7, from_sequence: 0, to_sequence: 1000, row_count: 1, members: '', include: 'new' },
  ...{ selection: JSON.stringify({ partner: feed.split('-')[0], include: 'new', selection: {}, from: 0, to: 1000 }) },
  ...{
    layout: '{}',
    file_name: name,
    spool: file,
    bytes: 5,
    sha256: createHash('sha256').update('bytes').digest('hex'),
    frozen_at: at,
  },
});

const deliveryRow = (batch: number, feed: string, state: string) => ({
  ...{ batch_id: batch, feed, drop_name: `${feed.split('-')[0]}-folder`, ordering: 'strict', state },
  ...{ created_at: at, next_attempt_at: at, error: state === 'held' ? 'planted error' : null },
});

const submissionRow = (eventType: number, file: string, result: string) => ({
  ...{ event_type: eventType, channel: 'mail', sender: 'planted@brand.example', file_name: 'returns.csv', spool: file },
  ...{ result_spool: result, bytes: 5, sha256: 'cd'.repeat(32), check_only: false, status: 'Held', type: 'Reversal' },
  ...{ received_at: at, notes: '[]', outcomes: '{"NO_CHANGE":3}' },
});

const columns = JSON.stringify([{ column: 'Order No', field: 'OrderId' }]);

const mappingRow = (eventType: number) => ({
  ...{ event_type: eventType, kind: 'modification', name: `weekly ${eventType}`, columns },
  ...{ saved_by: 'planted@brand.example', saved_at: at },
});

const useRow = (eventType: number, submission: number) => ({
  ...{ submission_id: submission, event_type: eventType, kind: 'modification', columns },
});

/** Everything that the ledger knows of who a customer is. */
export const customer = {
  ...{ email: 'planted@shopper.example', first_name: 'planted-first', last_name: 'planted-last' },
  ...{ mobile: 'planted-0170', customer_id: 'planted-17', address1: 'planted street', address2: 'planted floor' },
  ...{ city: 'planted city', postcode: 'planted-2000', birth_date: 'planted-1990', custom: '{"note":"planted note"}' },
};

/** One of everything for both partners and both event types. */
export const setStage = async (place: PlaceOfWeb) => {
  const { store } = place;
  for (const partner of ['acme', 'bolt']) await mkdir(join(place.folder, partner));
  const [bytes, result] = [await spool(place, 'bytes'), await spool(place, 'outcome')];
  const insert = (table: string, row: object): Promise<number> =>
    store.write(async ({ knex }) => idOf(await knex(table).insert(row, ['id'])));
  const owned = async (partner: string, eventType: number) => {
    const feed = `${partner}-nightly`;
    const batch = await insert('batches', batchRow(feed, bytes, `${partner}_1.csv`));
    const delivery = await insert('deliveries', deliveryRow(batch, feed, 'held'));
    const submission = await insert('submissions', submissionRow(eventType, bytes, result));
    await insertRows(store, submission, `ORDER-${eventType}`);
    const mapping = await insert('saved_mappings', mappingRow(eventType));
    await store.write(({ knex }) => knex('used_mappings').insert(useRow(eventType, submission)));
    const order = { partner, event_type: eventType, order_id: `ORDER-${eventType}`, ...customer };
    await addTransactions(store, [order]);
    return { feed, batch, delivery, submission, mapping, eventType, order: `ORDER-${eventType}` };
  };
  const mine = await owned('acme', 4521);
  const theirs = await owned('bolt', 4522);
  await insert('alerts', { key: 'a', kind: 'held', subject: 'planted', text: 't', hint: 'h', opened_at: at });
  return { mine, theirs };
};

const insertRows = (store: Store, id: number, orderId: string): Promise<void> =>
  store.write(async ({ knex }) => {
    const rows = [1, 2, 3].map((number) => ({
      ...{ submission_id: id, number, line: number + 1, order_id: orderId, outcome: 'NO_CHANGE' },
    }));
    await knex('submission_rows').insert(rows);
  });
