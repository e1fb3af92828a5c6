import { systemClock } from '../../src/clock.ts';
import type { DropSpec } from '../../src/drop/drop.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import { deliverNow } from '../../src/outbound/delivery/deliver.ts';
import type { DeliveryContext } from '../../src/outbound/delivery/context.ts';
import { findDeliveries } from '../../src/outbound/delivery/deliveries.ts';
import type { Delivery, DropPlan } from '../../src/outbound/delivery/delivery.ts';
import type { FeedContext } from '../../src/outbound/feed/context.ts';
import type { Feed, HoldBounds } from '../../src/outbound/feed/feed.ts';
import { runFeed, type RunRequest, type RunResult } from '../../src/outbound/feed/run.ts';
import { openSpool } from '../../src/store/spool.ts';
import { openStore } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/work/leases.ts';

/** From the ledger to the partner's drop, put together as the program does it; for the tests and their child alike. */
export interface Line extends FeedContext, DeliveryContext {
  close(): Promise<void>;
}

export interface LineOptions {
  url: string;
  spool: string;
  drop: DropSpec;
  unknown?: DropPlan['unknown'];
  /** Short, so that a successor need not wait long. */
  leaseMs?: number;
}

/** One feed, whose files begin with the order id: that is what the checker reads. */
export const feed: Feed = {
  name: 'nightly',
  partner: 'acme',
  schedule: '0 2 * * *',
  timezone: 'Australia/Sydney',
  catchUp: 'once',
  startAt: 'beginning',
  include: 'new',
  selection: {},
  empty: 'skip',
  order: 'strict',
  drops: ['partner'],
  retired: false,
  file: {
    name: 'nightly_{number:06}.csv',
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
  },
};

export const folderSpec = (folder: string): DropSpec => ({
  kind: 'folder',
  name: 'partner',
  folder,
  concurrency: 1,
  stepTimeout: 10_000,
  replace: false,
});

export const openLine = async ({ url, spool, drop, unknown, leaseMs }: LineOptions): Promise<Line> => {
  const store = await openStore(url, '/');
  const plan = { spec: drop, unknown: unknown ?? 'hold', giveUpAfter: 3_600_000, watchPickup: false };
  return {
    store,
    spool: await openSpool(spool),
    clock: systemClock,
    random: Math.random,
    holder: makeHolder(),
    drops: new Map([['partner', plan]]),
    openDrop,
    ...(leaseMs !== undefined && { leaseMs }),
    close: () => store.close(),
  };
};

/** Freezes what is new, by hand and now if nothing else is said; waits for another run. */
export const freezeNew = (line: Line, request: Partial<RunRequest> = {}, hold?: HoldBounds): Promise<RunResult> =>
  runFeed(
    line,
    { ...feed, ...(hold && { hold }) },
    {
      ...{ due: line.clock.now(), kind: 'hand', waitMs: 30_000 },
      ...request,
    },
  );

const unfinished = ['pending', 'sending'] as const;

/** Delivers until every delivery is at its end: delivered, or held for a person. */
export const deliverAll = async (line: Line): Promise<Delivery[]> => {
  for (;;) {
    await deliverNow(line, {});
    const open = await findDeliveries(line.store.read, { states: unfinished });
    const held = await findDeliveries(line.store.read, { states: ['held'] });
    if (open.length === 0 || held.length > 0) return findDeliveries(line.store.read);
  }
};

/** Everything there is to do: what was left unfinished, what is new, and all deliveries. */
export const finish = async (line: Line): Promise<Delivery[]> => {
  while ((await freezeNew(line)).outcome !== 'empty');
  return deliverAll(line);
};
