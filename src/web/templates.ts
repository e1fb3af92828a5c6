import type { ConversionName } from '../inbound/submission/conversion-columns.ts';
import type { ColumnName } from '../inbound/submission/columns.ts';
import { csvEncoder } from '../file/csv-encode.ts';
import type { EventType } from '../ledger/event-type.ts';

/** A file to begin with: the header, and lines that show what goes where. */
interface Template {
  /** What it is called in an address and, with `.csv`, on the disk. */
  name: string;
  /** When to take it. */
  text: string;
  columns: readonly (ColumnName | ConversionName | 'PromoCode' | 'CustomerId')[];
  /** The lines, for an event type. */
  lines(eventType: EventType): readonly (readonly string[])[];
}

/** Every template; the order is that of the page. */
export const templates: readonly Template[] = [
  {
    name: 'changes-by-order',
    text: 'change or reverse whole orders',
    columns: ['OrderId', 'ActionTrackerId', 'Amount', 'Reason'],
    lines: ({ id }) => [
      ['ORDER-1001', String(id), '80', 'ORDER_UPDATE'],
      ['ORDER-1002', String(id), '0', 'ITEM_RETURNED'],
    ],
  },
  {
    name: 'changes-by-item',
    text: 'change items of orders, a line for each item',
    columns: ['OrderId', 'ActionTrackerId', 'Sku', 'Quantity', 'Amount', 'Reason'],
    lines: ({ id }) => [
      ['ORDER-1003', String(id), 'SHOE-42', '1', '30', 'ITEM_RETURNED'],
      ['ORDER-1003', String(id), 'SOCK-3', '0', '0', 'ITEM_RETURNED'],
    ],
  },
  {
    name: 'changes-by-action',
    text: 'change actions by the id that we gave them',
    columns: ['ActionId', 'Amount', 'Reason'],
    lines: () => [['M1000.1', '12', 'ORDER_UPDATE']],
  },
  {
    name: 'new-orders',
    text: 'report new orders',
    columns: [
      ...(['CampaignId', 'ActionTrackerId', 'EventDate', 'OrderId', 'MediaPartnerId'] as const),
      ...(['CustomerId', 'PromoCode', 'CurrencyCode', 'Amount'] as const),
    ],
    lines: ({ id, currency }) => [
      ['1000', String(id), '2026-11-20T14:03:00Z', 'ORDER-2001', '7788', 'customer-17', 'AUTUMN10', currency, '129'],
    ],
  },
  {
    name: 'new-orders-by-item',
    text: 'report new orders, a line for each item',
    columns: [
      ...(['CampaignId', 'ActionTrackerId', 'EventDate', 'OrderId', 'MediaPartnerId'] as const),
      ...(['Sku', 'Category', 'Quantity', 'ItemPrice', 'OrderDiscount'] as const),
    ],
    lines: ({ id }) => [
      ['1000', String(id), '2026-11-20T14:03:00Z', 'ORDER-2101', '7788', 'SHOE-42', 'Shoes', '1', '60', '10'],
      ['1000', String(id), '2026-11-20T14:03:00Z', 'ORDER-2101', '7788', 'SOCK-3', 'Socks', '4', '10', '10'],
    ],
  },
];

const { row } = csvEncoder({ delimiter: ',', lineEnd: '\r\n' });

/** A template as CSV with the event type's own number and currency; the byte order mark makes spreadsheets read it as UTF-8. */
export const templateText = ({ columns, lines }: Template, eventType: EventType): string =>
  `\ufeff${row(columns)}${lines(eventType).map(row).join('')}`;
