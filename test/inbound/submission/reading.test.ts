import { describe, expect, test } from 'vitest';
import { openReading, recordGroups } from '../../../src/inbound/submission/reading.ts';
import type { FileRecord } from '../../../src/inbound/submission/record.ts';

const source = (bytes: Buffer) =>
  async function* () {
    for (let at = 0; at < bytes.length; at += 7) yield await Promise.resolve(bytes.subarray(at, at + 7));
  };

const recordsOf = async (content: string | Buffer) => {
  const bytes = source(Buffer.from(content));
  const { reading, notes } = await openReading(bytes);
  const groups: FileRecord[][] = [];
  const eventType = { id: 4521, code: 'online_sale', currency: 'USD', timezone: 'UTC' };
  for await (const found of recordGroups(bytes, reading, { eventType, after: 0 })) groups.push(...found.groups);
  return { reading, notes, groups, records: groups.flat() };
};

const messageOf = ({ content }: FileRecord): string | undefined =>
  'refusal' in content ? (content.refusal.message ?? content.refusal.outcome) : undefined;

/** What a line is told whose cell is this. */
const told = async (column: string, cell: string) => {
  const header = ['OrderId', 'ActionTrackerId', 'Reason', ...(['OrderId', 'Reason'].includes(column) ? [] : [column])];
  const values = header.map((name) =>
    name === column ? `"${cell}"` : { OrderId: 'A', ActionTrackerId: '4521', Reason: 'OTHER' }[name],
  );
  const { records } = await recordsOf(`${header.join(',')}\n${values.join(',')}`);
  return records[0]?.content;
};

describe('headers', () => {
  test('case, spaces and other names do not matter', async () => {
    const { reading, notes } = await recordsOf(' o i d ,ACTION TRACKER ID,Disposition Code,currency,customer status\n');
    expect(reading.columns.places).toEqual({
      OrderId: 0,
      ActionTrackerId: 1,
      Reason: 2,
      CurrencyCode: 3,
      CustomerStatus: 4,
    });
    expect(notes).toEqual([]);
  });

  test('what is not known or has no name is noted', async () => {
    const { notes } = await recordsOf('ActionId,Reason,Colour,,Category1,Sku1,Quantity1\n');
    expect(notes).toEqual([
      'The column Colour is not known and was not read.',
      'Column 4 has no name and was not read.',
    ]);
  });

  test.each([
    ['ActionId,Amount,Amount,Reason', 'the column Amount is there twice'],
    ['EventTypeId,ActionTrackerId,OrderId,Reason', 'the columns EventTypeId and ActionTrackerId mean the same'],
    ['ActionTrackerId,Amount,Reason', 'it lacks the column OrderId'],
    ['Amount,Reason', 'it lacks the column ActionId'],
    ['ActionId,Reason,Sku', 'it lacks the column Quantity'],
    ['ActionId,Reason,Sku2,Amount2', 'it lacks the column Quantity2'],
    ['ActionId,Reason,Sku,Quantity,Sku1,Quantity1', 'it has both Sku and Sku1'],
    ['ActionId Reason Amount', 'it has one column only ("ActionId Reason Amount")'],
  ])('%s is refused', async (header, reason) => {
    await expect(recordsOf(`${header}\n`)).rejects.toMatchObject({ code: 'bad-header', next: 'refuse', reason });
  });
});

test('a header of more columns than any sheet has is refused', async () => {
  await expect(recordsOf(`ActionId,Reason${','.repeat(5000)}\n`)).rejects.toMatchObject({ code: 'bad-header' });
});

describe('cells', () => {
  test.each([
    ['Amount', '1.234,50', 'thousands separators', 'thousands separator'],
    ['Amount', '1,234.50', 'thousands separators', 'thousands separator'],
    ['Amount', '12,50', 'decimal comma', 'decimal separator'],
    ['Amount', '$12.50', 'currency sign', 'Currency'],
    ['Amount', '12.50 €', 'currency sign', 'Currency'],
    ['Amount', 'USD 12.50', 'currency sign', 'Currency'],
    ['Amount', '1.5E+3', 'scientific', 'Number'],
    ['Amount', '-5.00', 'negative', 'final amount'],
    ['Amount', '(5.00)', 'negative', 'final amount'],
    ['Amount', '+5.00', 'sign', 'Number'],
    ['Amount', '.5', 'not an amount', 'Number'],
    ['Amount', '=A1', 'not an amount', 'Number'],
    ['Amount', '1.230', 'thousands separators', 'thousands separator'],
    ['Amount', '12.000', 'thousands separators', 'thousands separator'],
    ['Amount', '12.345', 'thousands separators', 'thousands separator'],
    ['OrderId', 'x'.repeat(256), 'longer than 255', 'exactly as'],
    ['ActionId', 'x'.repeat(256), 'longer than 255', 'exactly as'],
    ['OrderId', '1.23457E+15', 'rounded', 'Text'],
    ['OrderId', '1E+15', 'rounded', 'Text'],
  ])('%s "%s" is refused, with the setting that causes it', async (column, cell, message, hint) => {
    expect(await told(column, cell)).toMatchObject({
      refusal: {
        outcome: 'MALFORMED',
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining(hint) as string,
      },
    });
  });

  test.each(['0', '0.00', '12', '12.5', '0012.50', ' 12.50 ', '99999999999.99'])(
    'Amount "%s" is an amount',
    async (cell) => {
      expect(await told('Amount', cell)).toMatchObject({ ask: { amount: cell.trim() } });
    },
  );

  test.each([
    ['JPY', '1.000', false],
    ['JPY', '12', true],
    ['JPY', '12.00', true],
    ['USD', '1234.500', true],
    ['BHD', '1.230', true],
    ['BHD', '12.000', true],
  ])('in %s "%s" is an amount: %s', async (currency, amount, good) => {
    const { records } = await recordsOf(`ActionId,Reason,CurrencyCode,Amount\nA,OTHER,${currency},${amount}\n`);
    expect(records[0]?.content).toHaveProperty(good ? 'ask' : 'refusal');
  });

  test.each([
    ['2', true],
    ['2.000', false],
    ['2.0', false],
  ])('Quantity "%s" is a quantity: %s', async (quantity, good) => {
    const { records } = await recordsOf(`ActionId,Reason,Sku,Quantity,Amount\nA,OTHER,S1,${quantity},1.00\n`);
    expect(records[0]?.content).toHaveProperty(good ? 'ask' : 'refusal');
  });

  test('an id that is too long is kept short', async () => {
    const { records } = await recordsOf(`OrderId,ActionTrackerId,Reason\n${'x'.repeat(5000)},4521,OTHER\n`);
    expect(records.map(({ orderId }) => orderId)).toEqual([`${'x'.repeat(255)}…`]);
  });

  test('a SKU that a line names twice', async () => {
    const { records } = await recordsOf(
      'ActionId,Reason,Sku1,Quantity1,Amount1,Sku2,Quantity2,Amount2\nA,OTHER,S1,1,5,S1,1,6\n',
    );
    expect(messageOf(records[0] as FileRecord)).toBe('Sku: "S1" is named twice');
  });

  test.each(['E15', '12E5X', '1e5', '0012', 'a b', '2581697744617019994'])('OrderId "%s" is an id', async (cell) => {
    expect(await told('OrderId', cell)).toHaveProperty('ask');
  });
});

describe('lines', () => {
  test('the same records whatever the encoding, the delimiter and the line end', async () => {
    const rows = [
      ['OrderId', 'ActionTrackerId', 'Amount', 'Reason'],
      ['Ä-1', '4521', '1.50', 'OTHER'],
      ['B', '4521', '', 'OTHER'],
    ];
    const shapes = [',', ';', '\t', '|'].flatMap((delimiter) =>
      ['\n', '\r', '\r\n'].map((end) => rows.map((row) => row.join(delimiter)).join(end)),
    );
    const plain = shapes.flatMap((text) => [
      text,
      `${text}\r\n`,
      `${text}\n,,,\n`.replaceAll(',,,', text.includes('|') ? '|||' : ''),
    ]);
    const files = plain.flatMap((text) => [
      Buffer.from(text),
      Buffer.from(text, 'latin1'),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
    ]);
    const first = (await recordsOf(rows.map((row) => row.join(',')).join('\n'))).records;
    expect(first.map(({ line, orderId }) => [line, orderId])).toEqual([
      [2, 'Ä-1'],
      [3, 'B'],
    ]);
    for (const file of files) expect((await recordsOf(file)).records).toEqual(first);
  });

  test('line numbers are physical, also behind quoted newlines, sep= and blank lines', async () => {
    const { records } = await recordsOf(
      'sep=;\r\nActionId;Reason;Amount\r\n\r\nA;"x\r\ny";1\r\n;;\r\nB;OTHER;2\r\nC;OTHER\r\nD;OT"HER;1\r\n',
    );
    expect(records.map(({ line, actionId }) => [line, actionId])).toEqual([
      [4, 'A'],
      [7, 'B'],
      [8, 'C'],
      [9, null],
    ]);
    expect(records.map(messageOf)).toMatchObject(
      [undefined, undefined, /another number of values/, /quote/].map((one) =>
        one ? (expect.stringMatching(one) as string) : one,
      ),
    );
  });

  test('a quote that is never closed ends the reading with one line', async () => {
    const { records } = await recordsOf('ActionId,Reason\nA,OTHER\n"B,OTHER\nC,OTHER\n');
    expect(records).toHaveLength(2);
    expect(messageOf(records[1] as FileRecord)).toContain('never closed');
  });

  test('consecutive item rows of one order and one reason are one change', async () => {
    const rows = [
      'A,S1,1,1,OTHER',
      'A,S2,0,,OTHER',
      'A,S3,x,1,OTHER',
      'A,S4,1,1,ITEM_RETURNED',
      'B,S1,1,1,OTHER',
      'A,S1,1,1,OTHER',
      'A,,,5,OTHER',
      'A,,,5,OTHER',
    ];
    const { groups } = await recordsOf(`ActionId,Sku,Quantity,Amount,Reason\n${rows.join('\n')}`);
    expect(groups.map((group) => group.map(({ line }) => line))).toEqual([[2, 3, 4], [5], [6], [7], [8], [9]]);
  });
});
