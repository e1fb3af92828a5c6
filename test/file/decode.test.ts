import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decoded, detectEncoding } from '../../src/file/decode.ts';
import { detectDialect, withoutFirst } from '../../src/file/dialect.ts';

const inChunks = (bytes: Buffer, size: number) =>
  async function* () {
    for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
  };

const read = async (bytes: Buffer, size = 3) => {
  const source = inChunks(bytes, size);
  const found = await detectEncoding(source);
  const parts: Buffer[] = [];
  for await (const part of decoded(source(), found)) parts.push(part);
  return { ...found, text: Buffer.concat(parts).toString('utf8') };
};

const utf32 = (text: string, little: boolean): Buffer =>
  Buffer.concat(
    [...text].map((character) => {
      const four = Buffer.alloc(4);
      if (little) four.writeUInt32LE(character.codePointAt(0) ?? 0);
      else four.writeUInt32BE(character.codePointAt(0) ?? 0);
      return four;
    }),
  );

const utf16 = (text: string, little: boolean): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return little ? bytes : bytes.swap16();
};

describe('the encoding of a received file', () => {
  const text = 'Größe €,Ω,𝒳\r\n"1",2\r\n';
  test.each([
    ['utf-8', false, Buffer.from(text)],
    ['utf-8', true, Buffer.from(`\ufeff${text}`)],
    ['utf-16le', true, utf16(`\ufeff${text}`, true)],
    ['utf-16be', true, utf16(`\ufeff${text}`, false)],
    ['utf-32le', true, utf32(`\ufeff${text}`, true)],
    ['utf-32be', true, utf32(`\ufeff${text}`, false)],
  ])('%s, BOM %s: the same text, in chunks of any size', async (encoding, mark, bytes) => {
    for (const size of [1, 2, 3, 5, 1000]) expect(await read(bytes, size)).toEqual({ encoding, mark, text });
  });

  test('what is not UTF-8 is Windows-1252, with every character of its own', async () => {
    const bytes = Buffer.from([0x80, 0x8a, 0x92, 0x9f, 0xe9, 0xff, 0x0a]);
    expect(await read(bytes)).toEqual({ encoding: 'windows-1252', mark: false, text: '€Š’Ÿéÿ\n' });
  });

  test.each([
    ['bytes that Windows-1252 does not have', Buffer.from([0x61, 0xe9, 0x81]), 'neither UTF-8 nor Windows-1252'],
    ['Shift-JIS', Buffer.from('83658358835f81', 'hex'), 'neither UTF-8 nor Windows-1252'],
    ['a NUL', Buffer.from('a,b\n1,\0'), 'NUL'],
    ['UTF-16 without a mark', utf16('a,b\n', true), 'NUL'],
    ['half a character of UTF-16', Buffer.from('fffe61', 'hex'), 'UTF-16LE and is not'],
    ['a BOM of UTF-8 before something else', Buffer.from('efbbbfe9', 'hex'), 'UTF-8 and is not'],
    ['a workbook', Buffer.from('PK\u0003\u0004rest'), 'Excel'],
    ['gzip', Buffer.from('1f8b0800', 'hex'), 'gzip'],
  ])('%s is refused, never guessed', async (_, bytes, reason) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'not-text', next: 'refuse' });
    await expect(read(bytes)).rejects.toThrow(reason);
  });

  test('any bytes are text or a refusal, and text comes back as it was', async () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 7 }), async (array, size) => {
        const found = await read(Buffer.from(array), size).catch((error: unknown) => error);
        if (found instanceof Error) expect(found).toMatchObject({ next: 'refuse' });
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (any) => {
        const clean = any.replaceAll('\0', '').replace(/^\ufeff+/, '');
        fc.pre(clean.isWellFormed());
        expect((await read(Buffer.from(`x${clean}`), 4)).text).toBe(`x${clean}`);
      }),
    );
  });
});

describe('the dialect', () => {
  test.each([
    ['a,b,c\n', ',', 0],
    ['a;b;"x,y,z,w"\n1;2;3', ';', 0],
    ['a\tb\n', '\t', 0],
    ['a|b|c\r1|2|3', '|', 0],
    ['one\n', ',', 0],
    ['', ',', 0],
    ['\r\n\r\na;b\n', ';', 0],
    ['"a\n,,,,";b;c\n', ';', 0],
    ['sep=;\r\na,b;c\n', ';', 5],
    ['"sep=|"\na,b', '|', 7],
    ['a,b;c,d;e,f\n', ',', 0],
  ])('of %j', (text, delimiter, skip) => {
    expect(detectDialect(Buffer.from(text))).toEqual({ delimiter, skip });
  });

  test('bytes are left out across chunks', async () => {
    const parts: string[] = [];
    for await (const part of withoutFirst(inChunks(Buffer.from('sep=;\na'), 2)(), 5)) parts.push(String(part));
    expect(parts.join('')).toBe('\na');
  });
});
