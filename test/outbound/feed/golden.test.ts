import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Column, Feed, FileSpec } from '../../../src/outbound/feed/feed.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { describeStores } from '../../stores.ts';
import { addTransactions, changeTransaction, due, makeContext, makeFeed, type TransactionRow } from '../../feeds.ts';

const folder = new URL('../../../fixtures/golden/', import.meta.url).pathname;

/** Values that are easy to get wrong, one transaction each. */
const ledger: TransactionRow[] = [
  {
    order_id: '0001',
    amount: 1250,
    customer_status: 'NEW',
    gender: 'M',
    email: '  Ann@Example.com ',
    mobile: '+4917000001',
  },
  {
    order_id: '2581697744617019994',
    amount: -1250,
    payout: -125,
    gender: 'Female',
    email: 'ann@example.com',
    custom: '{"colour":"red, blue","shop id":"007"}',
  },
  {
    order_id: '=HYPERLINK("x")',
    amount: 100,
    currency: 'JPY',
    payout: 10,
    first_name: '@cmd',
    city: 'Köln',
    custom: '{"colour":"-12.50"}',
  },
  {
    order_id: 'line\nbreak',
    amount: 1005,
    currency: 'BHD',
    payout: 5,
    first_name: ' Zoë ',
    last_name: 'O"Brien',
    gender: 'x',
  },
  {
    order_id: 'semi;colon|pipe\ttab,comma',
    amount: 9007199254740993n,
    first_name: '\ttab',
    last_name: '+1',
    city: '東京',
  },
  { order_id: 'dst', event_date: Date.parse('2026-10-03T15:59:59.999Z'), first_name: '', campaign: 'Café' },
];

const named = (...fields: string[]): Column[] => fields.map((field) => ({ header: field, field }));

const layouts: Record<string, [Partial<Feed>, Partial<FileSpec>]> = {
  'comma-crlf.csv': [
    {},
    { columns: named('orderId', 'eventDate', 'amount', 'currency', 'payout', 'firstName', 'lastName', 'city') },
  ],
  'semicolon-bom-lf.csv': [
    {},
    {
      delimiter: ';',
      lineEnd: '\n',
      bom: true,
      columns: [{ header: 'Bestell;nummer', field: 'orderId' }, ...named('amount', 'city')],
    },
  ],
  'tab-no-header.tsv': [
    {},
    { delimiter: '\t', header: false, columns: named('orderId', 'transactionId', 'eventTypeId', 'amount') },
  ],
  'pipe-custom-fields.csv': [
    {},
    {
      delimiter: '|',
      columns: [
        ...named('orderId'),
        {
          header: 'Gender',
          field: 'gender',
          when: [
            { equals: 'M', give: 'Male' },
            { contains: 'F', give: 'Female' },
          ],
          empty: 'Unknown',
          otherwise: 'Other',
        },
        { header: 'Kept', field: 'customerStatus', when: [{ equals: 'OLD', give: 'x' }] },
        { header: 'Source', value: 'Acme' },
        { header: 'Colour', field: 'custom.colour' },
        { header: 'Shop', field: 'custom.shop id', empty: 'none' },
      ],
    },
  ],
  'hashes-and-dates.csv': [
    { timezone: 'Australia/Sydney' },
    {
      columns: [
        ...named('orderId'),
        { header: 'EmailHash', field: 'email', as: 'sha256' },
        { header: 'Local', field: 'eventDate', format: 'yyyy-MM-dd HH:mm:ss' },
        { header: 'Offset', field: 'eventDate', format: "dd.MM.yy'T'HH:mm:ss.SSSXXX" },
        ...named('lockingDate', 'createdAt'),
      ],
    },
  ],
  'guarded.csv': [
    {},
    {
      guardFormulas: 'text',
      columns: [
        ...named('orderId', 'amount', 'payout', 'mobile', 'firstName', 'lastName', 'quantity', 'custom.colour'),
        { header: 'Note', value: '=1' },
      ],
    },
  ],
  'changes.csv': [
    { include: 'changes' },
    { columns: named('orderId', 'change', 'amount', 'delta', 'status', 'changedAt', 'reason', 'sequence') },
  ],
  'one-column.csv': [{}, { columns: named('firstName') }],
};

describeStores('golden files', (open) => {
  test.each(Object.entries(layouts))('%s, byte for byte', async (file, [overrides, spec]) => {
    const ctx = await makeContext(await open());
    const rows = ledger.map((row, i) => ({ public_id: `1000.4521.${i}`, ...row }));
    const [, second] = await addTransactions(ctx.store, rows);
    const change = { at: due, amount: 0, payout: 0, status: 'REVERSED', reason: 'ITEM_RETURNED' };
    if (overrides.include) await changeTransaction(ctx.store, second!, { change: 'reversed', ...change });
    const { batch } = await runFeed(ctx, makeFeed(overrides, spec), { due, kind: 'schedule' });
    const bytes = await readFile(ctx.spool.pathOf(batch!.spool));
    // Rewriting one is a decision: GOLDEN=write npm test -- golden, then read the diff.
    if (process.env['GOLDEN'] === 'write') writeFileSync(join(folder, file), bytes);
    expect(bytes.toString('utf8')).toBe(readFileSync(join(folder, file), 'utf8'));
    expect(bytes.equals(readFileSync(join(folder, file)))).toBe(true);
  });
});
