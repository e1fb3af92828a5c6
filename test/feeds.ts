import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { type Clock, fixedClock } from '../src/clock.ts';
import type { Inbox } from '../src/inbound/submission/inbox.ts';
import type { EventType } from '../src/ledger/event-type.ts';
import type { FeedContext } from '../src/outbound/feed/context.ts';
import type { Feed, FileSpec } from '../src/outbound/feed/feed.ts';
import { openSpool } from '../src/store/spool.ts';
import { int, type Row, type Store } from '../src/store/store.ts';
import { makeHolder } from '../src/work/leases.ts';

/** Two in the morning in Sydney, 22 November 2026. */
export const due = Date.parse('2026-11-21T15:00:00Z');

export const makeFeed = (overrides: Partial<Feed> = {}, file: Partial<FileSpec> = {}): Feed => ({
  name: 'acme-nightly',
  partner: 'acme',
  schedule: '0 2 * * *',
  timezone: 'Australia/Sydney',
  catchUp: 'once',
  startAt: 'beginning',
  include: 'new',
  selection: {},
  empty: 'skip',
  order: 'strict',
  drops: [],
  retired: false,
  ...overrides,
  file: {
    name: 'acme_{due:yyyyMMdd}_{number:06}.csv',
    delimiter: ',',
    lineEnd: '\r\n',
    header: true,
    bom: false,
    compress: 'none',
    guardFormulas: 'off',
    sidecar: 'none',
    columns: [
      { header: 'orderId', field: 'orderId' },
      { header: 'Amount', field: 'amount' },
    ],
    ...overrides.file,
    ...file,
  },
});

/** A context with a spool of its own, removed with the test. */
export const makeContext = async (store: Store, clock: Clock = fixedClock(due)) => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-spool-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const inbound = {
    eventTypes: new Map<number, EventType>(),
    inboxes: new Map<number, Inbox>(),
    keepSubmissions: 1,
    keepMessages: 1,
  };
  const context: FeedContext = { store, spool: await openSpool(folder), clock, holder: makeHolder() };
  return { ...context, ...inbound };
};

/** Columns of `transactions` by their names in the database. */
export type TransactionRow = Row;

let orders = 0;
const transactionDefaults = (): TransactionRow => {
  const order = `ORD-${++orders}`;
  return {
    public_id: `T.${order}`,
    event_type: 4521,
    partner: 'acme',
    order_id: order,
    event_date: due - 3_600_000,
    locking_date: due + 30 * 86_400_000,
    created_at: due - 1_800_000,
    currency: 'USD',
    amount: 1250,
    payout: 125,
    status: 'PENDING',
  };
};

/** Writes transactions and their `created` entries by plain SQL, as another program would. Resolves to their sequences. */
export const addTransactions = (store: Store, rows: readonly TransactionRow[]): Promise<number[]> =>
  store.write(async ({ knex }) => {
    const sequences: number[] = [];
    for (const overrides of rows) {
      const row = { ...transactionDefaults(), ...overrides };
      const { created_at: at, amount, payout, status } = row;
      const created = { change: 'created', at, amount, payout, status, channel: 'sql' };
      const self = store.kind === 'sqlite' ? { transaction_id: -1 } : {};
      const [entry] = (await knex('journal').insert({ ...created, ...self }, ['sequence'])) as Row[];
      const sequence = int(entry?.['sequence']);
      if (store.kind === 'sqlite') await knex('journal').where({ sequence }).update({ transaction_id: sequence });
      await knex('transactions').insert({ ...row, id: sequence });
      sequences.push(sequence);
    }
    return sequences;
  });

/** Changes a transaction's amount and status and writes it to the journal. */
export const changeTransaction = (
  store: Store,
  id: number,
  change: { change: string; at: number; amount: number; payout: number; status: string; reason?: string },
): Promise<void> =>
  store.write(async ({ knex }) => {
    const before = (await knex('transactions').where({ id }).first()) as Row;
    const { amount, payout, status } = change;
    await knex('transactions').where({ id }).update({ amount, payout, status });
    await knex('journal').insert({
      transaction_id: id,
      amount_before: before['amount'],
      payout_before: before['payout'],
      status_before: before['status'],
      channel: 'sql',
      ...change,
    });
  });

/** The plain text of a spooled file. */
export const spooled = async (ctx: FeedContext, file: { spool: string; fileName: string }): Promise<string> => {
  const bytes = await readFile(ctx.spool.pathOf(file.spool));
  return (file.fileName.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
};
