import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { acceptFile, type Received } from '../../../src/inbound/submission/accept.ts';
import { type Applied, applySubmission, leaseNameOf } from '../../../src/inbound/submission/apply.ts';
import { findRows, type OutcomeRow } from '../../../src/inbound/submission/rows.ts';
import type { Submission } from '../../../src/inbound/submission/submission.ts';
import { findSubmission } from '../../../src/inbound/submission/submissions.ts';
import type { EventType } from '../../../src/ledger/event-type.ts';
import { addLedgerFile } from '../../../src/ledger/ledger-file.ts';
import { showOrder } from '../../../src/ledger/ledger-view.ts';
import { openSpool } from '../../../src/store/spool.ts';
import type { Store } from '../../../src/store/store.ts';
import { acquire, type Lease, makeHolder } from '../../../src/work/leases.ts';
import { eventType } from './event-type.ts';

/** Items of one order have one instant. */
const started = Date.now();

const daysAgo = (days: number): string => new Date(started - days * 86_400_000).toISOString();

const ledgerColumns =
  'eventTypeId,partner,transactionId,orderId,eventDate,amount,payout,customerStatus,currency,sku,itemQuantity,itemAmount';

/** A ledger line: an order of 100.00 with a payout of 10.00, NEW, yesterday, unless something else is said. */
export const order = (
  orderId: string,
  {
    id = '',
    days = 1,
    amount = '100.00',
    payout = '10.00',
    status = 'NEW',
    currency = 'USD',
    item = ',,',
    type = 4521,
  } = {},
): string => [type, 'acme', id, orderId, daysAgo(days), amount, payout, status, currency, item].join(',');

/** A store with orders in its ledger, a spool, and the ways in. */
export const makeStage = async (store: Store, orders: readonly string[], type: EventType = eventType) => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-in-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = await openSpool(folder);
  const addOrders = async (lines: readonly string[]): Promise<void> => {
    const stream = Readable.from([Buffer.from([ledgerColumns, ...lines].join('\n'))]);
    const types = new Map([type, { ...type, id: 4600 }].map((one) => [one.id, one]));
    const added = await addLedgerFile(
      store,
      { stream, name: 'orders.csv' },
      { eventTypes: types, partners: new Set(['acme']) },
    );
    if (added.errors > 0) throw new Error(JSON.stringify(added.problems));
  };
  await addOrders(orders);
  const accept = (content: string | Buffer, about: Partial<Received> = {}): Promise<Submission> => {
    const known = {
      eventTypeId: type.id,
      channel: 'submit',
      sender: null,
      message: null,
      fileName: 'mods.csv',
    } as const;
    return acceptFile({ store, spool }, { ...known, check: false, ...about }, Readable.from([Buffer.from(content)]));
  };
  const takeLease = async (): Promise<Lease> => {
    const lease = await acquire(store, leaseNameOf(type.id), makeHolder(), 20_000);
    if ('busy' in lease) throw new Error('the lease is taken');
    return lease;
  };
  let own: Lease | undefined;
  const lease = async (): Promise<Lease> => (own ??= await takeLease());
  const apply = async (id: number, chunkLines = 3): Promise<Applied> =>
    applySubmission({ store, spool, eventType: type, lease: await lease(), chunkLines }, id);
  const stand = async (id: number): Promise<Submission> => {
    const found = await findSubmission(store.read, id);
    if (!found) throw new Error(`no submission ${id}`);
    return found;
  };
  /** Accepts and applies a file; its submission as it stands then, and its lines. */
  const send = async (content: string | Buffer, about: Partial<Received> = {}, chunkLines = 3) => {
    const { id } = await accept(content, about);
    await apply(id, chunkLines);
    return { ...(await stand(id)), rows: await findRows(store.read, id) };
  };
  /** Sends lines of `OrderId,ActionTrackerId,Amount,Reason`; the outcomes in order. */
  const outcomesOf = async (...lines: string[]): Promise<string[]> => {
    const { rows } = await send(['OrderId,ActionTrackerId,Amount,Reason', ...lines].join('\n'));
    return rows.map(({ outcome }) => outcome);
  };
  const result = async ({ resultSpool }: Submission): Promise<string> =>
    (await buffer(spool.read(resultSpool ?? ''))).toString('utf8');
  const shown = (orderId: string) => showOrder(store, orderId);
  return {
    store,
    spool,
    eventType: type,
    lease,
    addOrders,
    accept,
    apply,
    stand,
    send,
    outcomesOf,
    result,
    shown,
    takeLease,
  };
};

export const codes = (rows: readonly OutcomeRow[]): string[] => rows.map(({ outcome }) => outcome);
