import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { textFields } from '../../ledger/transaction.ts';
import { formatAmount } from '../../money.ts';
import { cutPage, type Page } from '../../store/page.ts';
import { int, type Row, type Writer } from '../../store/store.ts';
import type { ConversionOrder } from './conversion-order.ts';

/** A conversion that names no partner, as it is shown. */
export interface UnmatchedConversion {
  id: number;
  eventType: number;
  orderId: string;
  /** When it was kept. */
  at: string;
  submission: number;
  fileName: string;
  line: number;
  /** All that was said of it: amounts as decimals, texts by the names of their fields, items, custom attributes. */
  conversion: Record<string, unknown>;
}

const named = ({ texts }: ConversionOrder): Record<string, string> =>
  Object.fromEntries(texts.flatMap((text, i) => (text === null ? [] : [[textFields[i]?.name ?? '', text]])));

const asJson = (order: ConversionOrder, receivedAt: number): string => {
  const { eventDate, currency, amount, quantity, items, custom } = order;
  return JSON.stringify({
    ...{ eventDate: isoInstant(eventDate ?? receivedAt), currency },
    ...{ amount: formatAmount(amount, currency), quantity, ...named(order) },
    items: items.map((item) => ({ ...item, amount: formatAmount(item.amount, currency) })),
    custom,
  });
};

/** Parameters of one statement; both databases allow many more. */
const atATime = 500;

/** Keeps conversions that name no partner, the newest words for each order. In the caller's database transaction. */
export const keepUnmatched = async (
  { knex }: Writer,
  about: { eventTypeId: number; submissionId: number; receivedAt: number; at: number },
  orders: readonly ConversionOrder[],
): Promise<void> => {
  const newest = [...new Map(orders.map((order) => [order.orderId, order])).values()];
  for (let from = 0; from < newest.length; from += atATime) {
    const rows = newest.slice(from, from + atATime).map((order) => ({
      ...{ event_type: about.eventTypeId, order_id: order.orderId, at: about.at, submission_id: about.submissionId },
      ...{ line: order.record.line, conversion: asJson(order, about.receivedAt) },
    }));
    await knex('unmatched_conversions').insert(rows).onConflict(['event_type', 'order_id']).merge();
  }
};

/** Those of these orders that were unmatched are so no more: they became these transactions. */
export const settleUnmatched = async (
  { knex }: Writer,
  eventTypeId: number,
  created: ReadonlyMap<string, number>,
): Promise<void> => {
  const open = knex('unmatched_conversions').where({ event_type: eventTypeId }).whereNull('transaction_id');
  if (created.size === 0 || (await open.clone().first('id')) === undefined) return;
  const orderIds = [...created.keys()];
  for (let from = 0; from < orderIds.length; from += atATime) {
    const found = (await open
      .clone()
      .whereIn('order_id', orderIds.slice(from, from + atATime))
      .select('id', 'order_id')) as Row[];
    for (const row of found) {
      const id = created.get(String(row['order_id'])) ?? null;
      await knex('unmatched_conversions')
        .where({ id: row['id'] as number })
        .update({ transaction_id: id });
    }
  }
};

export interface UnmatchedFilter {
  eventTypeId?: number;
  /** Only of these event types. */
  eventTypeIds?: readonly number[];
  orderId?: string;
}

/** The conversions that still wait for a partner, oldest first unless the page says otherwise. */
export const findUnmatched = async (
  db: Knex,
  { eventTypeId, eventTypeIds, orderId }: UnmatchedFilter = {},
  page: Page = {},
): Promise<UnmatchedConversion[]> => {
  const query = db('unmatched_conversions as u')
    .join('submissions as s', 's.id', 'u.submission_id')
    .whereNull('u.transaction_id')
    .select('u.id', 'u.event_type', 'u.order_id', 'u.at', 'u.submission_id', 'u.line', 'u.conversion', 's.file_name');
  cutPage(query, 'u.id', page);
  if (eventTypeId !== undefined) void query.where('u.event_type', eventTypeId);
  if (eventTypeIds) void query.whereIn('u.event_type', [...eventTypeIds]);
  if (orderId !== undefined) void query.where('u.order_id', orderId);
  return ((await query) as Row[]).map((row) => ({
    id: int(row['id']),
    eventType: int(row['event_type']),
    orderId: String(row['order_id']),
    at: isoInstant(int(row['at'])),
    submission: int(row['submission_id']),
    fileName: String(row['file_name']),
    line: int(row['line']),
    conversion: JSON.parse(String(row['conversion'])) as Record<string, unknown>,
  }));
};
