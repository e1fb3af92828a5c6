import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixedClock } from '../../src/clock.ts';
import { csvEncoder } from '../../src/file/csv-encode.ts';
import { findStandings, recordChanges } from '../../src/ledger/standings.ts';
import { addLedgerFile, type LedgerFileResult } from '../../src/ledger/ledger-file.ts';
import { showOrder } from '../../src/ledger/ledger-view.ts';
import { addSample } from '../../src/ledger/sample.ts';
import { int, type Store } from '../../src/store/store.ts';
import { describeStores } from '../stores.ts';
import { context, eventTypes } from './ledger-types.ts';

const fixture = (name: string) => new URL(`../../fixtures/ledger/${name}`, import.meta.url).pathname;
const addFixture = (store: Store, name: string) => addLedgerFile(store, { path: fixture(name) }, context);
const addText = (store: Store, text: string): Promise<LedgerFileResult> =>
  addLedgerFile(store, { stream: Readable.from([Buffer.from(text)]), name: 'some.csv' }, context);
const counts = ({ added, unchanged, errors }: LedgerFileResult) => [added, unchanged, errors];
const rowCount = async (store: Store, table: string) => int((await store.read(table).count({ n: '*' }).first())?.['n']);
const head = 'eventTypeId,partner,orderId,eventDate,amount';
const row = (order: string, more = '') => `4521,acme,${order},2026-01-15T09:30:00Z,10.00${more}`;
const where = (result: LedgerFileResult) => result.problems.map(({ line, column }) => [line, column]);

describeStores('ledger add', (open) => {
  test('values arrive as they are, with their defaults, and the journal says where from', async () => {
    const store = await open();
    expect(counts(await addFixture(store, 'orders.csv'))).toEqual([4, 0, 0]);
    const [usd, jpy] = await showOrder(store, 'A-1001');
    expect(usd).toMatchObject({
      ...{ transactionId: 'T4521.1', eventTypeId: 4521, partner: 'acme', eventDate: '2026-01-15T09:30:00.000Z' },
      ...{ amount: '129.90', currency: 'USD', payout: '12.99', quantity: 2, audience: '1234567890123456789' },
      ...{ promoCode: '007007', postcode: '02108', mobile: '+4930555123', email: 'anna@example.com', offer: null },
      ...{ status: 'PENDING', lockingDate: '2026-02-28T05:00:00.000Z', custom: { store: 'web' }, items: [] },
    });
    expect(usd?.createdAt).toBe(usd?.journal[0]?.at);
    expect(usd?.journal).toMatchObject([
      {
        ...{ sequence: 1, change: 'created', amount: '129.90', delta: '129.90', payout: '12.99', status: 'PENDING' },
        ...{ customerStatus: 'NEW', reason: null, channel: 'ledger', source: 'orders.csv', line: 2, sender: null },
      },
    ]);
    expect(jpy).toMatchObject({
      eventTypeId: 4600,
      amount: '1200',
      payout: '0',
      currency: 'JPY',
      custom: {},
      customerStatus: null,
    });
    expect((await showOrder(store, 'A-1002'))[0]).toMatchObject({
      eventDate: '2026-01-15T08:00:00.000Z',
      amount: '49.50',
      firstName: 'Zo"ë"',
      campaign: 'Summer, Sun & Sea',
    });
    const [late] = await showOrder(store, 'A-1003');
    // 23:59:59.999 in New York: still January there
    expect(late).toMatchObject({
      eventDate: '2026-01-16T04:59:59.999Z',
      currency: 'USD',
      amount: '0.00',
      custom: { store: 'line one\nline two' },
    });
    expect((await showOrder(store, 'A-1003'))[0]?.journal[0]?.line).toBe(4);
    expect(await showOrder(store, 'nothing')).toEqual([]);
  });

  test('a transaction is named by the sequence of its created entry', async () => {
    const store = await open();
    await addFixture(store, 'orders.csv');
    await addFixture(store, 'items.csv');
    const rows = (await store
      .read('transactions as t')
      .join('journal as j', 'j.transaction_id', 't.id')
      .select('t.id', 'j.sequence', 't.amount', 'j.amount as said', 't.order_id', 'j.line')
      .orderBy('t.id')) as Record<string, unknown>[];
    expect(
      rows.map((one) => [int(one['id']) === int(one['sequence']), String(one['amount']) === String(one['said'])]),
    ).toEqual(rows.map(() => [true, true]));
    expect(rows.map((one) => [one['order_id'], int(one['line'])])).toEqual([
      ...[
        ['A-1001', 2],
        ['A-1002', 3],
        ['A-1003', 4],
        ['A-1001', 6],
      ],
      ...[
        ['B-1', 2],
        ['B-2', 4],
        ['B-3', 5],
      ],
    ]);
  });

  test('item rows of one order are one transaction', async () => {
    const store = await open();
    expect(counts(await addFixture(store, 'items.csv'))).toEqual([3, 0, 0]);
    expect((await showOrder(store, 'B-1'))[0]).toMatchObject({
      amount: '30.00',
      items: [
        { sku: 'SKU-1', category: 'shoes', quantity: 1, amount: '10.00' },
        { sku: 'SKU-2', category: null, quantity: 2, amount: '20.00' },
      ],
    });
    expect((await showOrder(store, 'B-2'))[0]?.items).toEqual([]);
    expect((await showOrder(store, 'B-3'))[0]?.items).toEqual([
      { sku: 'SKU-1', category: 'shoes', quantity: 1, amount: '7.00' },
    ]);
  });

  test('the same file again adds nothing', async () => {
    const store = await open();
    for (const name of ['orders.csv', 'items.csv', 'bad-rows.csv', 'torn-items.csv']) {
      const first = await addFixture(store, name);
      const before = await rowCount(store, 'journal');
      const again = await addFixture(store, name);
      expect(counts(again)).toEqual([0, first.added + first.unchanged, first.errors]);
      expect([await rowCount(store, 'journal'), await rowCount(store, 'transactions')]).toEqual([before, before]);
    }
  });

  test('other values for what is there are a problem that names the column, and change nothing', async () => {
    const store = await open();
    const columns = `${head},transactionId,campaign,colour,quantity,payout,sku,itemQuantity,itemAmount\n`;
    const good = '4521,acme,J-1,2026-01-15T09:30:00Z,10.00,X9,spring,red,1,0.50,S-1,1,10.00';
    expect(counts(await addText(store, `${columns}${good}\n`))).toEqual([1, 0, 0]);
    const others: [string, string, string][] = [
      ['4521', '4600', 'eventTypeId'],
      ['acme', 'beta', 'partner'],
      ['J-1', 'J-2', 'orderId'],
      ['09:30:00Z', '09:30:00.001Z', 'eventDate'],
      ['10.00,X9', '10.01,X9', 'amount'],
      ['spring', '', 'campaign'],
      ['red', 'Red', 'custom'],
      [',1,0.50', ',2,0.50', 'quantity'],
      ['0.50', '0.51', 'payout'],
      ['S-1', 'S-2', 'sku'],
      ['S-1,1,', 'S-1,2,', 'sku'],
      ['S-1,1,10.00', 'S-1,1,9.99', 'sku'],
    ];
    const before = await showOrder(store, 'J-1');
    for (const [from, to, column] of others) {
      const result = await addText(
        store,
        `${columns}${good.replace(from, to).replace(/^4600(.*)10.00,X9(.*)0.50(.*)10.00$/, '4600$110,X9$20$310')}\n`,
      );
      expect([from, counts(result), where(result)]).toEqual([from, [0, 0, 1], [[2, column]]]);
    }
    expect(await showOrder(store, 'J-1')).toEqual(before);
  });

  test('the same file again adds nothing after the transaction was changed', async () => {
    const store = await open();
    await addFixture(store, 'orders.csv');
    await store.write(async (writer) => {
      const wanted = { eventTypeId: 4521, transactionIds: [], orderIds: ['A-1001'] };
      const before = (await findStandings(writer, wanted)).newestOf.get('A-1001')!;
      const after = { ...before, amount: 10000n, payout: 1000n, customerStatus: 'EXISTING' };
      const change = { id: before.id, change: 'modified' as const, before, after, reason: 'ITEM_RETURNED', line: 7 };
      await recordChanges(writer, [change], {
        channel: 'mail',
        source: 'mods.csv',
        sender: 'ops@brand.example',
        at: 1,
      });
    });
    expect(counts(await addFixture(store, 'orders.csv'))).toEqual([0, 4, 0]);
    const [changed] = await showOrder(store, 'A-1001');
    expect(changed).toMatchObject({ amount: '100.00', payout: '10.00', customerStatus: 'EXISTING', status: 'PENDING' });
    expect(changed?.journal[1]).toMatchObject({
      change: 'modified',
      amount: '100.00',
      delta: '-29.90',
      payout: '10.00',
      ...{ line: 7, sender: 'ops@brand.example', reason: 'ITEM_RETURNED' },
    });
  });

  test('each bad row is reported with line, column, value and reason, and the others are added', async () => {
    const store = await open();
    const result = await addFixture(store, 'bad-rows.csv');
    expect(counts(result)).toEqual([2, 1, 13]);
    expect(result.problems.map(({ line, column, value }) => [line, column, value])).toEqual([
      [3, 'eventTypeId', '9999'],
      [4, 'partner', 'nobody'],
      [5, 'orderId', null],
      [6, 'eventDate', '2026-01-15T09:30:00'],
      [7, 'eventDate', '2026-02-30T09:30:00Z'],
      [8, 'amount', '1,000.00'],
      [9, 'amount', '10.005'],
      [10, 'currency', 'usd'],
      [11, 'quantity', 'two'],
      [12, null, null],
      [13, null, null],
      [14, 'eventTypeId', ' 4521'],
      [15, 'amount', '11.00'],
    ]);
    for (const { reason } of result.problems) expect(reason).toMatch(/\w{3}/);
    expect(await showOrder(store, 'C-16')).toHaveLength(1);
  });

  test('an order of which one item row cannot be used is not added in part', async () => {
    const store = await open();
    const result = await addFixture(store, 'torn-items.csv');
    expect(counts(result)).toEqual([3, 0, 10]);
    // D-1: its middle row; D-2 two partners; D-3 a bad amount; D-5 its last row; D-7 its first; D-9 its first, with a stray quote
    const expected = [
      [2, null],
      [3, null],
      [6, 'partner'],
      [8, 'itemAmount'],
      [10, null],
      [11, null],
      [13, null],
      [14, null],
      [16, null],
      [17, null],
    ];
    expect(where(result)).toEqual(expected);
    const rows = (await store.read('transactions').orderBy('id')) as { order_id: string }[];
    expect(rows.map((one) => one.order_id)).toEqual(['D-4', 'D-6', 'D-8']);
    expect(await rowCount(store, 'items')).toBe(2);
  });

  test('with a transactionId the id is unique; without one the order is, within its event type', async () => {
    const store = await open();
    const file = (...rows: string[]) => addText(store, [`${head},transactionId`, ...rows].join('\n'));
    expect(counts(await file(row('E-1', ',X1'), row('E-1', ',X2'), row('E-1', ',X1')))).toEqual([2, 1, 0]);
    const taken = await file(row('E-2', ',X1'));
    expect([counts(taken), where(taken)]).toEqual([[0, 0, 1], [[2, 'orderId']]]);
    expect(counts(await file(row('E-1', ',')))).toEqual([0, 1, 0]);
    expect(counts(await file(row('E-3', ','), row('E-3', ','), row('E-3', ',').replace('4521', '4600')))).toEqual([
      2, 1, 0,
    ]);
    const [given] = await showOrder(store, 'E-3');
    // what the ledger assigned is known again, and nothing else of that form is let in
    expect(counts(await file(row('E-3', `,${String(given?.transactionId)}`)))).toEqual([0, 1, 0]);
    expect(where(await file(row('E-4', ',T4521.99')))).toEqual([[2, 'transactionId']]);
  });

  test('headers in any case and order; unknown columns are custom attributes, whatever they are called', async () => {
    const store = await open();
    const text =
      `Colour,AMOUNT,EventDate,OrderID, partner ,EVENTTYPEID,__proto__,a"b\n`.replace('a"b', '"a""b"') +
      'red,5,2026-01-15T09:30:00Z,F-1,acme,4521,x, y \n';
    expect(counts(await addText(store, text))).toEqual([1, 0, 0]);
    const [found] = await showOrder(store, 'F-1');
    expect(Object.entries(found?.custom ?? {})).toEqual([
      ['Colour', 'red'],
      ['__proto__', 'x'],
      ['a"b', ' y '],
    ]);
  });

  test('a file that is wrong as a whole is refused', async () => {
    const store = await open();
    for (const [text, code, word] of [
      ['eventTypeId,partner,orderId,amount\n', 'bad-header', 'eventDate'],
      [`${head},AMOUNT\n`, 'bad-header', 'amount'],
      [`${head},x,X\n`, 'bad-header', 'X'],
      [`${head},\n`, 'bad-header', 'column 6'],
      ['', 'empty-file', 'empty'],
      ['"eventTypeId\n', 'bad-header', 'quote'],
    ] as const) {
      const refused = { code, next: 'refuse', message: expect.stringContaining(word) as string };
      await expect(addText(store, text)).rejects.toMatchObject(refused);
    }
    const hint = expect.stringContaining('commas') as string;
    await expect(addText(store, head.replaceAll(',', ';'))).rejects.toMatchObject({ hint });
  });

  test('a file that is not there, or a folder, is refused', async () => {
    const store = await open();
    for (const path of ['/nowhere/x.csv', '/tmp']) {
      await expect(addLedgerFile(store, { path }, context)).rejects.toMatchObject({
        code: 'unreadable',
        next: 'refuse',
      });
    }
  });

  test('of many problems the first thousand are listed and all are counted', async () => {
    const store = await open();
    const rows = Array.from({ length: 1500 }, (_, i) => row(`G-${i}`).replace('10.00', 'x'));
    const result = await addText(store, [head, ...rows].join('\n'));
    expect([result.problems.length, result.errors, result.problems.at(-1)?.line]).toEqual([1000, 1500, 1001]);
  });

  test('two that add the same orders at once add each once', async () => {
    const store = await open();
    const text = [head, ...Array.from({ length: 3000 }, (_, i) => row(`H-${i}`))].join('\n');
    const results = await Promise.all([addText(store, text), addText(store, text), addText(store, text)]);
    expect(results.reduce((sum, { added }) => sum + added, 0)).toBe(3000);
    expect(results.reduce((sum, { unchanged }) => sum + unchanged, 0)).toBe(6000);
    expect(await rowCount(store, 'transactions')).toBe(3000);
  });

  test('any text survives: file, database, and back', async () => {
    const store = await open();
    const { row: encode } = csvEncoder({ delimiter: ',', lineEnd: '\r\n' });
    const texts = fc.sample(
      fc.oneof(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.constantFrom('\\', '"', '{}', 'NULL', '\\N', "'", '\r\n', ' x ', '$1', '??', ':a'),
      ),
      300,
    );
    const values = texts.map((text) => text.replaceAll('\0', '0').replaceAll('\uFFFD', '?').toWellFormed());
    const lines = values.map((value, i) =>
      encode(['4521', 'acme', `I-${i}`, '2026-01-15T09:30:00Z', '1', value, value, value]),
    );
    const result = await addText(
      store,
      encode([...head.split(','), 'campaign', 'customerStatus', 'Note']) + lines.join(''),
    );
    expect(counts(result)).toEqual([300, 0, 0]);
    const rows = (await store.read('transactions').orderBy('id')) as Record<string, unknown>[];
    expect(rows.map((one) => one['campaign'])).toEqual(values);
    expect(rows.map((one) => one['customer_status'])).toEqual(values);
    expect(rows.map((one) => (JSON.parse(String(one['custom'])) as { Note: string }).Note)).toEqual(values);
  });
});

describeStores('ledger sample', (open) => {
  const clock = fixedClock('2026-05-05T12:00:00Z');
  const sample = (store: Store, count: number, seed: string | number = 7) =>
    addSample(store, { count, seed, partners: ['acme', 'beta'], eventTypes, clock });
  const content = async (store: Store) => {
    const rows = (await store.read('transactions').orderBy('order_id')) as Record<string, unknown>[];
    return rows.map(({ id: _, public_id: __, created_at: ___, ...rest }) =>
      JSON.stringify(rest, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    );
  };

  test('the same seed gives the same transactions, and a second run goes on', async () => {
    const [one, two] = [await open(), await open()];
    expect(await sample(one, 1500)).toEqual({ added: 1500, first: 1, last: 1500 });
    expect(await sample(two, 700)).toEqual({ added: 700, first: 1, last: 700 });
    expect(await sample(two, 800)).toEqual({ added: 800, first: 701, last: 1500 });
    expect(await content(two)).toEqual(await content(one));
    await sample(one, 10, 'other-seed');
    expect(await sample(one, 5)).toEqual({ added: 5, first: 1501, last: 1505 });
  });

  test('two runs of one seed at once never make an order twice', async () => {
    const store = await open();
    await Promise.all([sample(store, 3000), sample(store, 3000)]);
    const rows = (await store.read('transactions').countDistinct({ n: 'order_id' })) as { n: unknown }[];
    expect(int(rows[0]?.n)).toBe(6000);
  });

  test('every column is used, with the values that hurt', async () => {
    const store = await open();
    await sample(store, 2000);
    const rows = (await store.read('transactions')) as Record<string, unknown>[];
    for (const column of Object.keys(rows[0] ?? {}))
      expect([column, rows.some((one) => one[column] !== null)]).toEqual([column, true]);
    const all = JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    for (const hurtful of [',', '\\"', '\\n', '東京', '"02108"', "O'Brien"]) expect(all).toContain(hurtful);
    expect(rows.every((one) => /^[1-9]\d{18}$/.test(String(one['audience'])))).toBe(true);
    expect(rows.every((one) => BigInt(String(one['amount'])) > 0n && BigInt(String(one['payout'])) >= 0n)).toBe(true);
    expect(await rowCount(store, 'items')).toBeGreaterThan(300);
  });

  test('what makes no sense is refused', async () => {
    const store = await open();
    for (const wrong of [{ count: 1.5 }, { seed: 'a b' }, { partners: [] }, { eventTypes: [] }]) {
      const options = { ...{ count: 1, seed: 1, partners: ['a'], eventTypes, clock }, ...wrong };
      await expect(addSample(store, options)).rejects.toMatchObject({ code: 'bad-sample' });
    }
  });
});
