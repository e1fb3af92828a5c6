import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectXmlEncoding } from '../../src/file/xml-encoding.ts';
import { readXml } from '../../src/file/xml.ts';
import type { XmlRecord } from '../../src/file/xml-record.ts';

async function* inPieces(content: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const read = async (content: string, size = 3): Promise<XmlRecord[]> => {
  const records: XmlRecord[] = [];
  for await (const block of readXml(inPieces(content, size))) records.push(...block);
  return records;
};

/** Records as name=value texts, groups in brackets. */
const told = (records: readonly XmlRecord[]): string[] => {
  const list = (values: XmlRecord['values']) => values.map(({ name, text }) => `${name}=${text}`).join(' ');
  return records.map(({ line, values, groups }) =>
    [`${line}:`, list(values), ...groups.map((group) => `[${group.line}: ${list(group.values)}]`)].join(' ').trim(),
  );
};

describe('records', () => {
  test.each([
    ['elements', '<r><a><B>1</B><C>2</C></a></r>', ['1: B=1 C=2']],
    ['attributes', '<r><a B="1" C="2"/></r>', ['1: B=1 C=2']],
    ['both', '<r><a B="1"><C>2</C></a></r>', ['1: B=1 C=2']],
    ['an attribute of a value', '<r><a><Amount currency="EUR">1</Amount></a></r>', ['1: Amount=1 currency=EUR']],
    ['any names of root and records', '<x><a B="1"/><c B="2"/></x>', ['1: B=1', '1: B=2']],
    ['prefixes', '<n:r xmlns:n="u"><n:a><n:B>1</n:B></n:a></n:r>', ['1: B=1']],
    ['namespaces are no values', '<r><a xmlns="u" xsi:nil="true" B="1" xmlns:xsi="v"/></r>', ['1: B=1']],
    ['empty values', '<r><a><B/><C></C></a></r>', ['1: B= C=']],
    ['nothing in it', '<r><a/></r>', ['1:']],
    ['no records', '<r/>', []],
    ['no bytes', '', []],
    ['the five entities and references', '<r><a B="&lt;&quot;&apos;&#65;">&#x42;</a></r>', ['1: B=<"\'A']],
    ['cdata', '<r><a><B><![CDATA[<1&2>]]></B></a></r>', ['1: B=<1&2>']],
    ['comments and instructions', '<?x y?><r><!-- <a> --><a><B>1<!-- 2 -->3</B><?z?></a></r><!-- end -->', ['1: B=13']],
    ['nested', '<r><a><B>1</B><I><i><S>x</S></i><i S="y"/></I></a></r>', ['1: B=1 [1: S=x] [1: S=y]']],
    ['lines', '<?xml version="1.0"?>\n\n<r>\n<a\n B="1"/>\r\n<a>\r<B>2</B></a></r>\n', ['4: B=1', '6: B=2']],
    ['characters of several bytes', '<r><ä ö="€😀"/></r>', ['1: ö=€😀']],
  ])('%s', async (_, content, expected) => {
    for (const size of [1, 3, 1000]) expect(told(await read(content, size))).toEqual(expected);
  });

  test.each([
    ['<r><a>lost<B>1</B></a></r>', 'there is text in a outside of its values'],
    ['<r><a><I>lost<B>1</B></I></a></r>', 'there is text between the elements of I'],
    ['<r><a>lost</a></r>', 'there is text in a outside of its values'],
  ])('text in a place where no value is: %s', async (content, trouble) => {
    expect((await read(content)).map((record) => record.trouble)).toEqual([trouble]);
  });
});

describe('what is refused, with its line', () => {
  const deep = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  test.each([
    ['not closed', '<r>\n<a></r>', /^line 2: /],
    ['cut off', '<r>\n<a>\n', /^line 3: unclosed tag: a/],
    ['no XML', 'OrderId,Amount\nA,1', /^line 2: text data outside of root node/],
    ['two roots', '<r/>\n<r/>', /^line 2: documents may contain only one root/],
    ['an attribute twice', '<r><a B="1" B="2"/></r>', /duplicate attribute/],
    ['a DOCTYPE', '<!DOCTYPE r>\n<r/>', /^line 1: it has a DOCTYPE$/],
    ['entities', '<!DOCTYPE r [<!ENTITY b "&a;&a;">]><r><a>&b;</a></r>', /it has a DOCTYPE/],
    ['a file of the disk', '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', /it has a DOCTYPE/],
    ['an unknown entity', '<r>\n<a>&nbsp;</a></r>', /^line 2: undefined entity/],
    ['a NUL', '<r><a>\0</a></r>', /disallowed character/],
    ['text between records', '<r>\n<a/>\nlost<a/></r>', /^line 3: there is text outside of records/],
    ['too deep', deep(9), /more than 8 elements are inside one another/],
    ['a value without end', `<r><a>${'x'.repeat(1_100_000)}</a></r>`, /longer than 1048576 characters/],
    ['a comment without end', `<r><!--${'x'.repeat(4_000_000)}`, /a piece of it does not end/],
    ['a tag without end', `<r><a ${'b="1" '.repeat(500_000)}`, /a piece of it does not end|duplicate/],
    ['too many values', `<r><a>${'<b/>'.repeat(10_001)}</a></r>`, /more than 10000 values/],
  ])('%s', async (_, content, reason) => {
    const error: unknown = await read(content, 65_536).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'bad-xml', next: 'refuse', reason: expect.stringMatching(reason) as string });
  });

  test('deep enough', async () => expect(await read(deep(8))).toHaveLength(1));
});

test('values of any characters are read as Python writes them', { timeout: 60_000 }, async () => {
  const script = `
import sys, json
from xml.etree import ElementTree as E
root = E.Element('r')
for row in json.load(sys.stdin):
    a = E.SubElement(root, 'a', {'B': row[0]})
    E.SubElement(a, 'C').text = row[1]
sys.stdout.buffer.write(E.tostring(root, 'utf-8', xml_declaration=True))`;
  const text = fc.stringMatching(/^[^\0-\x1f\ud800-\udfff\ufffe\uffff\x7f-\x9f]*$/);
  const rows = fc.sample(fc.tuple(text, text), 300);
  const bytes = execFileSync('python3', ['-c', script], { input: JSON.stringify(rows), maxBuffer: 1 << 26 });
  for (const size of [7, 1 << 16]) {
    const found: string[][] = [];
    for await (const block of readXml(inPieces(bytes, size)))
      for (const { values } of block) found.push(values.map((value) => value.text));
    expect(found).toEqual(rows);
  }
});

describe('encodings', () => {
  const detect = (content: string | Buffer) => detectXmlEncoding(() => inPieces(content, 50));
  const latin = (declared: string) =>
    Buffer.from(`<?xml version="1.0" encoding="${declared}"?><r a="\xe4"/>`, 'latin1');
  test.each<[string, string | Buffer, object]>([
    ['none named', '<r a="ä"/>', { encoding: 'utf-8', declared: false }],
    ['UTF-8', '<?xml version="1.0" encoding="UTF-8"?><r a="ä"/>', { encoding: 'utf-8', declared: true }],
    ['ISO 8859-1', latin('ISO-8859-1'), { encoding: 'windows-1252', declared: true }],
    ['Windows-1252', latin('windows-1252'), { encoding: 'windows-1252', declared: true }],
    ['none named, not UTF-8', Buffer.from('<r a="\xe4"/>', 'latin1'), { encoding: 'windows-1252', declared: false }],
    [
      'bytes that could be UTF-8 too',
      Buffer.from("<?xml version='1.0' encoding='latin1'?><r a='ä'/>"),
      { encoding: 'windows-1252' },
    ],
    [
      'UTF-16 with BOM',
      Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><r/>', 'utf16le'),
      { encoding: 'utf-16le', mark: true },
    ],
  ])('%s', async (_, content, expected) => expect(await detect(content)).toMatchObject(expected));

  test.each<[string, Buffer, string]>([
    ['says UTF-8 and is not', latin('utf-8'), 'it says that it is utf-8 and is not'],
    ['an encoding that is not read', latin('Shift_JIS'), 'its encoding shift_jis is not read'],
  ])('%s', async (_, content, reason) => {
    await expect(detect(content)).rejects.toMatchObject({ next: 'refuse', reason });
  });
});
