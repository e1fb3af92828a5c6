import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Fault } from '../../../src/fault.ts';
import type { FileSpec } from '../../../src/outbound/feed/feed.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { addTransactions, due, makeContext, makeFeed, spooled } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const columns = [
  { header: 'Order', field: 'orderId', width: 12 },
  { header: 'City', field: 'city', width: 6 },
];
const cases: [string, Partial<FileSpec>, string, string, RegExp][] = [
  [
    'a character that windows-1252 lacks',
    { encoding: 'windows-1252' },
    '東京',
    'not-encodable',
    /windows-1252 has no character U\+6771$/,
  ],
  [
    'a character that iso-8859-1 lacks',
    { encoding: 'iso-8859-1', split: { rows: 2 } },
    'a€b',
    'not-encodable',
    /iso-8859-1 has no character U\+20AC$/,
  ],
  ['a value that is too wide', { format: 'fixed' }, 'Kopenhagen', 'cell-width', /the value has 10 characters, 6 fit$/],
  [
    'a line break in a fixed-width row',
    { format: 'fixed' },
    'a\nb',
    'cell-width',
    /a line break, which would end the row$/,
  ],
  ['both at once', { format: 'fixed', encoding: 'iso-8859-1' }, 'Ærøskøbing', 'cell-width', /10 characters/],
];

describeStores('a value that its file cannot hold', (open) => {
  test.each(cases)(
    '%s holds the feed, is named without the value, and is taken up when it is right',
    async (...given) => {
      const [, spec, city, code, message] = given;
      const ctx = await makeContext(await open());
      const good = Array.from({ length: 5 }, (_, i) => ({ order_id: `o${i}`, city: 'Köln' }));
      const [, , , bad] = await addTransactions(ctx.store, [
        ...good.slice(0, 3),
        { order_id: 'o-bad', public_id: '1000.4521.77', city },
        ...good.slice(3),
      ]);
      const name = spec.split ? 'a_{number}_{part}.csv' : 'a_{number}.csv';
      const feed = makeFeed({}, { columns, ...spec, name });
      const fault = await runFeed(ctx, feed, { due, kind: 'schedule' }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code, next: 'hold', hint: expect.stringMatching(/correct the value/) });
      expect(fault).toMatchObject({ object: 'the column "City" of transaction 1000.4521.77' });
      expect(String((fault as Fault).message)).toMatch(message);
      expect(JSON.stringify(fault)).not.toContain(city);
      expect(readdirSync(ctx.spool.folder)).toEqual([]);
      expect(await ctx.store.read('batches').select()).toEqual([]);

      await ctx.store.write(({ knex }) => knex('transactions').where({ id: bad }).update({ city: 'Århus' }));
      const { resumed } = await runFeed(ctx, feed, { due: due + 60_000, kind: 'schedule' });
      expect(resumed).toMatchObject([{ number: 1, rows: 6 }]);
      if (!spec.encoding) expect(await spooled(ctx, resumed[0]!)).toMatch(/o-bad *Århus/);
    },
  );

  test('a rule of the layout may put something else in its place', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [{ city: '東京' }]);
    const ruled = [{ header: 'City', field: 'city', when: [{ contains: '東', give: 'Tokio' }] }];
    const feed = makeFeed({}, { columns: ruled, encoding: 'iso-8859-1' });
    const { batch } = await runFeed(ctx, feed, { due, kind: 'schedule' });
    expect(await spooled(ctx, batch!)).toBe('City\r\nTokio\r\n');
  });
});
