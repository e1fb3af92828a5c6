import { expect, test } from 'vitest';
import { mappedFile, readSample } from '../../../src/inbound/submission/mapped-file.ts';
import { layoutOfMapping, suggestMapping, valueProblem } from '../../../src/inbound/submission/mapping.ts';
import { eventType } from '../../web/place.ts';

const bytesOf = (text: string | Buffer) => () =>
  (async function* () {
    yield await Promise.resolve(Buffer.from(text));
  })();

const mapped = async (text: string | Buffer, mapping: (string | null)[]): Promise<string> => {
  const { form } = await readSample(bytesOf(text), 5);
  const pieces: Buffer[] = [];
  for await (const piece of mappedFile(bytesOf(text), form, layoutOfMapping(mapping, 'modification', 4521)))
    pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8').replace('\ufeff', '');
};

test('names are suggested from headers as people write them, each once', () => {
  const header = ['order_id', 'Order Number', 'Disposition Code', 'TOTAL', 'Clerk', 'SKU 2', 'qty_2'];
  expect(suggestMapping(header, 'modification')).toEqual(['OrderId', null, 'Reason', 'Amount', null, 'Sku2', null]);
  const sales = ['Program Id', 'order-date', 'OID', 'promo code', 'Colour', 'Media ID', 'Unit price'];
  expect(suggestMapping(sales, 'conversion')).toEqual([
    ...['CampaignId', 'EventDate', 'OrderId', 'promoCode', null, 'MediaPartnerId', 'ItemPrice'],
  ]);
});

test('the event type is added where nothing else says it', () => {
  const header = (names: string[], kind: 'modification' | 'conversion') => layoutOfMapping(names, kind, 7).header;
  expect(header(['OrderId', 'Reason'], 'modification')).toEqual(['OrderId', 'Reason', 'ActionTrackerId']);
  expect(header(['ActionId', 'Reason'], 'modification')).toEqual(['ActionId', 'Reason']);
  expect(header(['actiontrackerid'], 'conversion')).toEqual(['actiontrackerid']);
  expect(header(['EventTypeCode'], 'conversion')).toEqual(['EventTypeCode']);
});

test('columns are renamed and left out; blank lines stay out, whatever the file is written in', async () => {
  const text = 'sep=;\r\nB;Nr;X\r\n"a;b";1;zwölf\r\n;;\r\n" q";2;"say ""x"""\r\n';
  const reordered = await mapped(text, ['Reason', 'OrderId', null]);
  expect(reordered).toBe('Reason,OrderId,ActionTrackerId\r\na;b,1,4521\r\n" q",2,4521\r\n');
  expect(await mapped(Buffer.from(text, 'latin1'), ['Reason', 'OrderId', null])).toBe(reordered);
});

test('a line that cannot be read does not become one that can', async () => {
  const text = 'Nr,Sum,Reason\n1,2,OTHER\n2,3\n3,4,OTHER,x\n4,5,OTHER\n';
  const lines = (await mapped(text, ['OrderId', 'Amount', 'Reason'])).split('\r\n');
  expect(lines.slice(1, 5).map((line) => line.split(',').length > 4)).toEqual([false, true, true, false]);
});

test('a value is tried for its field', () => {
  const type = eventType(4521);
  const problems = (field: string, values: string[]) => values.filter((one) => valueProblem(field, one, type));
  expect(problems('Amount', ['1.20', '1,20', '', '0', '$3'])).toEqual(['1,20', '$3']);
  expect(problems('Sku2', ['anything'])).toEqual([]);
  expect(problems('Quantity2', ['1', 'two'])).toEqual(['two']);
  expect(problems('Reason', ['OTHER', 'DAMAGED', 'broken'])).toEqual(['broken']);
  expect(problems('ActionTrackerId', ['4521', '4522'])).toEqual(['4522']);
  expect(problems('EventDate', ['NOW', '2026-01-31', '31.1.2026'])).toContain('31.1.2026');
  expect(problems('OrderId', ['A-1', '1.2E+15'])).toEqual(['1.2E+15']);
});
