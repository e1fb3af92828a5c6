import type { Feed } from '../../../src/outbound/feed/feed.ts';
import { acceptFile } from '../../../src/inbound/submission/accept.ts';
import { applyQueued } from '../../../src/inbound/submission/apply-queue.ts';
import { int, type Row, type Store } from '../../../src/store/store.ts';
import { addTransactions, makeFeed } from '../../feeds.ts';
import { eventType, type PlaceOfWeb } from '../place.ts';

/** A morning on which some things have gone wrong: what pages look like when there is something on them. */

const hour = 3_600_000;
const day = 24 * hour;

export const busyFeeds: readonly Feed[] = [
  makeFeed({ name: 'acme-nightly', partner: 'acme', drops: ['acme-folder'], selection: { campaigns: ['10', '20'] } }),
  makeFeed({ name: 'acme-hourly', partner: 'acme', drops: ['acme-folder'], schedule: '0 * * * *' }),
  makeFeed({ name: 'bolt-nightly', partner: 'bolt', drops: ['bolt-folder'], timezone: 'Europe/Berlin' }),
];

const insert = (store: Store, table: string, row: object): Promise<number> =>
  store.write(async ({ knex }) => int(((await knex(table).insert(row, ['id'])) as Row[])[0]?.['id']));

const batchRow = (feed: string, number: number, rows: number, at: number) => ({
  ...{ feed, kind: 'feed', number, from_sequence: number * 5000, to_sequence: number * 5000 + rows, row_count: rows },
  ...{ members: '', include: 'new', selection: '{}', layout: '{}', spool: `b-${feed}-${number}`, bytes: rows * 164 },
  ...{ file_name: `${feed.replace('-', '_')}_${String(number).padStart(6, '0')}.csv`, frozen_at: at },
  sha256: '9f2c41d0'.repeat(8),
});

const delivered = (at: number) => ({ state: 'delivered', started_at: at, delivered_at: at + 4000, attempts: 1 });

const heldError = {
  error: 'uploading acme_hourly_000020.csv to acme-folder: the disk of the server is full',
  hint: 'ask the partner to make room, then release the delivery',
};

/** Rows of the last runs, the newest last. */
const runs: Record<string, readonly number[]> = {
  'acme-nightly': [
    812, 790, 845, 1020, 1310, 1288, 640, 830, 801, 866, 1043, 1297, 1352, 655, 842, 799, 851, 1102, 1366, 4210,
  ],
  'acme-hourly': [41, 38, 52, 60, 44, 0, 12, 31, 39, 55, 61, 70, 48, 36, 22, 19, 40, 57, 66, 58],
  'bolt-nightly': [
    2210, 2150, 2304, 2090, 1980, 2240, 2198, 2260, 2301, 2111, 2075, 2189, 2230, 2299, 2244, 2180, 2090, 2166,
  ],
};

const addBatches = async ({ store, clock }: PlaceOfWeb): Promise<void> => {
  for (const [feed, rows] of Object.entries(runs))
    for (const [i, count] of rows.entries()) {
      const apart = feed.endsWith('hourly') ? hour : day;
      const at = clock.now() - (rows.length - i) * apart + 11 * 60_000;
      const batch = await insert(store, 'batches', batchRow(feed, i + 1, count, at));
      const last = i === rows.length - 1;
      const state =
        last && feed === 'acme-hourly' ? { state: 'held', attempts: 4, started_at: at, ...heldError } : delivered(at);
      const row = { batch_id: batch, feed, drop_name: `${feed.split('-')[0]}-folder`, ordering: 'strict', ...state };
      await insert(store, 'deliveries', { ...row, created_at: at, next_attempt_at: at });
    }
};

interface Received {
  name: string;
  sender: string | null;
  status: string;
  type: string | null;
  /** How many lines had each outcome. */
  outcomes: Record<string, number>;
  error?: string;
  channel?: string;
}

const received: readonly Received[] = [
  {
    name: 'returns_nov_w45.csv',
    sender: 'returns@nord.example',
    status: 'Complete',
    type: 'Reversal',
    outcomes: { REVERSED: 412 },
  },
  {
    name: 'adjust-2026-11-17.csv',
    sender: 'kim@nord.example',
    status: 'Complete',
    type: 'Modification',
    outcomes: { MODIFIED: 96, NO_CHANGE: 4 },
  },
  {
    name: 'orders_berlin.csv',
    sender: 'shop@sued.example',
    status: 'Complete',
    type: 'Conversion',
    outcomes: { CREATED: 1804, DUPLICATE: 12, PARTNER_NOT_ACTIVE: 3 },
  },
  {
    name: 'returns_nov_w46.csv',
    sender: 'returns@nord.example',
    status: 'Complete',
    type: 'Reversal',
    outcomes: { REVERSED: 388, ACTION_NOT_FOUND: 7 },
  },
  { name: 'returns_nov_w46.csv', sender: 'returns@nord.example', status: 'Duplicate', type: null, outcomes: {} },
  {
    name: 'Korrekturen März.xlsx',
    sender: 'buchhaltung@sued.example',
    status: 'Failed',
    type: null,
    outcomes: {},
    error: 'It is an Excel workbook, not CSV or XML. Save it as CSV (UTF-8) and send that.',
  },
  {
    name: 'monthly.csv',
    sender: null,
    status: 'Held',
    type: 'Reversal',
    channel: 'inbox',
    outcomes: {},
    error:
      '61% of its lines reverse an action, and 2% are usual for this event type; nothing was changed. Ask the sender whether that is meant, then release it.',
  },
];

const addReceived = async ({ store, clock }: PlaceOfWeb): Promise<void> => {
  for (const [i, one] of received.entries()) {
    const at = clock.now() - (received.length - i) * 7 * hour;
    const { name, sender, status, type, outcomes, error, channel = 'mail' } = one;
    await insert(store, 'submissions', {
      ...{ event_type: sender?.includes('sued') ? 4522 : 4521, channel, sender, file_name: name, spool: `s${i}` },
      ...{ result_spool: status === 'Complete' ? `r${i}` : null, bytes: 48_213 + 9000 * i, sha256: `${i}c`.repeat(32) },
      ...{
        check_only: false,
        status,
        type,
        received_at: at,
        completed_at: at + 2300,
        notes: '[]',
        error: error ?? null,
      },
      ...{ outcomes: JSON.stringify(outcomes), duplicate_of: status === 'Duplicate' ? 4 : null },
    });
  }
};

const order = (n: number): string => `SHOP-${20_400 + n}`;

const lines: readonly (readonly [number, string, string])[] = [
  [1, '40.00', 'ORDER_UPDATE'],
  [2, '0', 'ITEM_RETURNED'],
  [3, '12.50', 'ORDER_UPDATE'],
  [4, '0', 'DAMAGED'],
  [5, '0', 'Damaged'],
  [6, '0', 'ITEM_RETURNED'],
  [99, '0', 'ITEM_RETURNED'],
  [7, '1.234,50', 'ORDER_UPDATE'],
  [8, '31.90', 'ORDER_UPDATE'],
];

/** A file that is really applied: some lines change something, some cannot. Resolves to its id. */
const applyFile = async (place: PlaceOfWeb): Promise<number> => {
  const orders = [1, 2, 3, 4, 5, 7, 8].map((n) => ({ order_id: order(n), amount: n === 3 ? 1250 : 5000 + 315 * n }));
  const old = { order_id: order(6), amount: 8890, locking_date: place.clock.now() - day };
  await addTransactions(place.store, [...orders, old]);
  const text = lines.map(([n, amount, reason]) => `${order(n)};4521;${amount};${reason}\r\n`).join('');
  const about = { channel: 'mail', sender: 'returns@nord.example', message: null, check: false } as const;
  const bytes = [Buffer.from(`OrderId;ActionTrackerId;Amount;Reason\r\n${text}`)];
  const file = { ...about, fileName: 'returns_nov_w47.csv', eventTypeId: 4521 };
  async function* stream(): AsyncGenerator<Buffer> {
    yield* await Promise.resolve(bytes);
  }
  const { id } = await acceptFile(place.ctx, file, stream());
  await applyQueued(place.ctx, eventType(4521), { signal: new AbortController().signal });
  const at = place.clock.now() - hour;
  await place.store.write(({ knex }) =>
    knex('submissions')
      .where({ id })
      .update({ received_at: at, completed_at: at + 400 }),
  );
  return id;
};

const addTrouble = async ({ store, clock }: PlaceOfWeb): Promise<void> => {
  const at = clock.now() - 49 * 60_000;
  await insert(store, 'alerts', {
    ...{ key: 'held', kind: 'held', subject: 'acme-folder: 1 file is held (disk-full)', opened_at: at },
    ...{ text: 'acme_hourly_000020.csv: the disk of the server is full', hint: heldError.hint },
  });
  const [held] = (await store.read('deliveries').where({ state: 'held' })) as Row[];
  for (let number = 1; number <= 4; number++)
    await insert(store, 'attempts', {
      ...{ delivery_id: int(held?.['id']), number, place: '/srv/acme', file_name: 'acme_hourly_000020.csv' },
      ...{ partial_name: `.acme_hourly_000020.csv.${number}.part`, phase: 'uploading', outcome: 'failed' },
      ...{ started_at: at + number * 60_000, ended_at: at + number * 60_000 + 900, ...heldError },
    });
  await insert(store, 'refused_mail', {
    ...{ at, last_at: at + 5 * 60_000, times: 3, peer: '203.0.113.9', helo: 'mx.elsewhere.example', code: 550 },
    ...{ envelope_from: 'invoices@elsewhere.example', recipient: 'sale-4521@files.nightdrop.example' },
    reason: 'The sender is not allowed for this address.',
  });
};

/** Fills a place. Resolves to the submission whose lines tell something. */
export const setBusyDay = async (place: PlaceOfWeb): Promise<{ submission: number; order: string }> => {
  await addBatches(place);
  await addReceived(place);
  await addTrouble(place);
  return { submission: await applyFile(place), order: order(2) };
};
