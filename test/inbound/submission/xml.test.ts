import { describe, expect, test } from 'vitest';
import { formatOf, openReading } from '../../../src/inbound/submission/reading.ts';
import { resultName } from '../../../src/inbound/submission/result-file.ts';
import { describeStores } from '../../stores.ts';
import { makeStage, order } from './stage.ts';

type Content = Record<string, string>[];

const asCsv = (content: Content): string => {
  const header = Object.keys(content[0] ?? {});
  const rows = content.map((row) => header.map((name) => `"${row[name] ?? ''}"`));
  return [header, ...rows].map((row) => row.join(',')).join('\n');
};

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

const asElements = (content: Content): string => {
  const record = (row: Record<string, string>) =>
    Object.entries(row)
      .map(([name, value]) => `<${name}>${escaped(value)}</${name}>`)
      .join('');
  return `<Modifications>\n${content.map((row) => `<Modification>${record(row)}</Modification>`).join('\n')}\n</Modifications>`;
};

const asAttributes = (content: Content): string => {
  const record = (row: Record<string, string>) =>
    Object.entries(row)
      .map(([name, value]) => ` ${name.toUpperCase()}="${escaped(value)}"`)
      .join('');
  return `<m>\n${content.map((row) => `<x${record(row)}/>`).join('\n')}</m>`;
};

const line = (OrderId: string, Amount: string, Reason = 'OTHER', ActionTrackerId = '4521') => ({
  ...{ OrderId, ActionTrackerId, Amount, Reason },
});

const orderLevel: Content = [
  line('A', '25.50'),
  line('A', '25.50'),
  line('B', '0'),
  line('B', '10'),
  line('NOBODY', '1'),
  line('C', '1.234,50'),
  line('C', '1', 'nope'),
  line('C', '1', 'DAMAGED'),
  line('D', '5', 'OTHER', '99'),
  line('', '5'),
  line('D', '$5'),
  line('', '', '', ''),
  line('D', '5', 'RESET'),
];

const item = (OrderId: string, Sku: string, Quantity: string, Amount: string) => ({
  ...{ OrderId, ActionTrackerId: '4521', Reason: 'ITEM_RETURNED', Sku, Quantity, Amount },
});

const itemLevel: Content = [
  item('I', 'S1', '1', '20.00'),
  item('I', 'S2', '0', '0'),
  item('I', 'unknown', '1', '1'),
  item('J', 'S1', 'x', '1'),
];

const indexed: Content = [
  {
    OrderId: 'I',
    ActionTrackerId: '4521',
    Reason: 'OTHER',
    Sku1: 'S1',
    Quantity1: '1',
    Amount1: '20.00',
    Sku2: 'S2',
    Quantity2: '0',
    Amount2: '0',
  },
  {
    OrderId: 'J',
    ActionTrackerId: '4521',
    Reason: 'OTHER',
    Sku1: 'S1',
    Quantity1: '2',
    Amount1: '',
    Sku2: '',
    Quantity2: '',
    Amount2: '',
  },
];

const orders = [
  ...['A', 'B', 'C', 'D'].map((id) => order(id)),
  ...['I', 'J'].flatMap((id) => [order(id, { item: 'S1,2,60.00' }), order(id, { item: 'S2,1,40.00' })]),
];

describeStores('the same content as CSV and as XML', (open) => {
  test.each([
    ['order level', orderLevel],
    ['item level', itemLevel],
    ['indexed items', indexed],
  ])('%s has the same outcomes and the same ledger', async (_, content) => {
    const answers = [];
    const forms = [
      ['mods.csv', asCsv(content)],
      ['mods.xml', asElements(content)],
      ['MODS.XML', asAttributes(content)],
    ] as const;
    for (const [fileName, text] of forms) {
      const stage = await makeStage(await open(), orders);
      const { status, type, outcomes, notes, rows } = await stage.send(text, { fileName });
      const ledger = await Promise.all(['A', 'B', 'C', 'D', 'I', 'J'].map((id) => stage.shown(id)));
      const kept = JSON.stringify(ledger)
        .replace(/"[^"]*(at|At|Date|source)":("[^"]*"|\d+)/g, '')
        .replace(/"mods\.(csv|xml)"/gi, '');
      answers.push({ status, type, outcomes, notes, rows: rows.map((row) => ({ ...row, line: 0 })), kept });
    }
    expect(answers[0]).toMatchObject({ status: 'Complete' });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });
});

describeStores('an XML file', (open) => {
  test('nested items are rows of one order; the result is a CSV file of the columns', async () => {
    const stage = await makeStage(await open(), orders);
    const content = `<Orders>
  <Order>
    <OrderId>I</OrderId><ActionTrackerId>4521</ActionTrackerId><Reason>ITEM_RETURNED</Reason>
    <Items>
      <Item><Sku>S1</Sku><Quantity>1</Quantity><Amount>20.00</Amount></Item>
      <Item Sku="S2" Quantity="0"/>
    </Items>
  </Order>
  <Order><OrderId>A</OrderId><ActionTrackerId>4521</ActionTrackerId><Reason>OTHER</Reason><Amount Currency="USD">7</Amount></Order>
</Orders>`;
    const sent = await stage.send(content, { fileName: 'orders.xml' });
    expect(sent.rows.map((row) => [row.line, row.outcome])).toEqual([
      [5, 'MODIFIED'],
      [6, 'MODIFIED'],
      [9, 'MODIFIED'],
    ]);
    expect(await stage.result(sent)).toBe(
      [
        '\ufeffOrderId,ActionTrackerId,Reason,Sku,Quantity,Amount,Currency,line,outcome,message,hint',
        'I,4521,ITEM_RETURNED,S1,1,20.00,,5,MODIFIED,The action was modified.,',
        'I,4521,ITEM_RETURNED,S2,0,,,6,MODIFIED,The action was modified.,',
        'A,4521,OTHER,,,7,USD,9,MODIFIED,The action was modified.,',
        '',
      ].join('\r\n'),
    );
  });

  test('damage at the end: nothing of it is applied, and the line is named', async () => {
    const stage = await makeStage(await open(), orders);
    const content = asElements(orderLevel).replace('</Modifications>', '</Modification>');
    const { status, error, rows } = await stage.send(content, { fileName: 'mods.xml' }, 1);
    expect([status, rows]).toEqual(['Failed', []]);
    expect(error).toMatch(/line 15: unexpected close tag/);
  });

  test('a value twice, or beside a nested one, is told for its record only', async () => {
    const stage = await makeStage(await open(), orders);
    const ids = '<OrderId>A</OrderId><ActionTrackerId>4521</ActionTrackerId><Reason>OTHER</Reason>';
    const content = `<r><o>${ids}<Amount>1</Amount><Amount>2</Amount></o>
<o>${ids}<Amount>1</Amount><i><Sku>S</Sku><Quantity>1</Quantity><Amount>1</Amount></i></o>
<o>${ids}<Amount>9</Amount><Amount/></o></r>`;
    const { rows } = await stage.send(content, { fileName: 'a.xml' });
    expect(rows.map((row) => row.outcome)).toEqual(['MALFORMED', 'MALFORMED', 'MODIFIED']);
    expect(rows[0]?.message).toContain('Amount is there twice');
  });

  test.each([
    ['<r/>', 'it has no records'],
    ['', 'it has no records'],
    ['<r><a><OrderId>A</OrderId></a></r>', 'ActionTrackerId'],
    ['<r><a><Oid>A</Oid></a><a><OrderId>A</OrderId></a></r>', 'mean the same'],
    ['OrderId,Amount\nA,1\n', 'outside of root node'],
  ])('%s is failed as a whole', async (content, reason) => {
    const stage = await makeStage(await open(), []);
    const { status, error } = await stage.send(content, { fileName: 'a.xml' });
    expect(status).toBe('Failed');
    expect(error).toContain(reason);
  });
});

describe('formats', () => {
  test.each([
    ['a.csv', 'csv'],
    ['A.CSV', 'csv'],
    ['a.csv.xml', 'xml'],
    ['a.xlsx', undefined],
    ['csv', undefined],
  ])('%s', (name, format) => expect(formatOf(name)).toBe(format));

  test('a result of XML is CSV', () => expect(resultName('may.XML')).toBe('result_may.csv'));

  test('Windows-1252 is noted where the file does not say it', async () => {
    const notesOf = async (declaration: string) => {
      const bytes = Buffer.from(`${declaration}<r><a ActionId="\xe4" Reason="x"/></r>`, 'latin1');
      async function* source() {
        yield await Promise.resolve(bytes);
      }
      return (await openReading(source, 'xml')).notes;
    };
    expect(await notesOf('')).toEqual(['The file is not UTF-8; it was read as Windows-1252.']);
    expect(await notesOf('<?xml version="1.0" encoding="iso-8859-1"?>')).toEqual([]);
  });
});
