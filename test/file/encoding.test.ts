import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Encoding, missingCharacter, textEncoding } from '../../src/file/encoding.ts';

const bytes = (text: string, encoding: Encoding): number[] | undefined => {
  const encoded = textEncoding(encoding).encode(text);
  if (encoded) expect(encoded).toHaveLength(textEncoding(encoding).bytesOf(text));
  return encoded && [...encoded];
};

/** What Python makes of every code point of the first plane but surrogates: one byte, or nothing. */
const pythonTable = (codec: string): (number | null)[] => {
  const script = `
import json, sys
def one(n):
    try: return list(chr(n).encode(sys.argv[1]))[0]
    except UnicodeEncodeError: return None
print(json.dumps([one(n) for n in range(0x10000)]))`;
  return JSON.parse(execFileSync('python3', ['-c', script, codec], { maxBuffer: 1 << 26 }).toString()) as [];
};

describe.each([
  ['windows-1252', 'cp1252', 251],
  ['iso-8859-1', 'latin-1', 256],
] as const)('%s', (encoding, codec, size) => {
  test('has exactly the characters that Python gives it, each with its byte', () => {
    const ours = Array.from({ length: 0x10000 }, (_, n) => bytes(String.fromCharCode(n), encoding)?.[0] ?? null);
    expect(ours).toEqual(pythonTable(codec));
    expect(ours.filter((byte) => byte !== null)).toHaveLength(size);
  });

  test('what it cannot hold is named by its code point, and never replaced', () => {
    for (const [text, name] of [
      ['abc東京', 'U+6771'],
      ['😀', 'U+1F600'],
      ['e\u0301', 'U+0301'],
      ['\ufeffx', 'U+FEFF'],
      ['a\ud800', 'U+D800'],
    ] as const) {
      expect(bytes(text, encoding)).toBeUndefined();
      expect(missingCharacter(text, encoding)).toBe(name);
    }
  });
});

test('€ and its neighbours are in windows-1252 only, the controls from U+0080 in iso-8859-1 only', () => {
  expect(bytes('€ – Ÿ', 'windows-1252')).toEqual([0x80, 0x20, 0x96, 0x20, 0x9f]);
  expect(missingCharacter('5 €', 'iso-8859-1')).toBe('U+20AC');
  expect(bytes('\u0081', 'iso-8859-1')).toEqual([0x81]);
  expect(missingCharacter('\u0081', 'windows-1252')).toBe('U+0081');
});

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 1, minLength: 1 }),
    fc.constantFrom('€', 'Ÿ', 'é', '–', 'ž', 'ß'),
  ),
});
const decoders: [Encoding, string][] = [
  ['utf-8', 'utf-8'],
  ['utf-16le', 'utf-16le'],
  ['windows-1252', 'windows-1252'],
  // The Encoding Standard takes iso-8859-1 for windows-1252; they agree where both have a character.
  ['iso-8859-1', 'windows-1252'],
];

test.each(decoders)('%s: what is encoded is read back equal, and what is not is named', (encoding, decoder) => {
  fc.assert(
    fc.property(anyText, (raw) => {
      const text = encoding === 'iso-8859-1' ? raw.replace(/[\x80-\x9f]/g, '') : raw;
      const encoded = textEncoding(encoding).encode(text);
      if (encoded) expect(new TextDecoder(decoder, { fatal: true, ignoreBOM: true }).decode(encoded)).toBe(text);
      expect(missingCharacter(text, encoding) === undefined).toBe(encoded !== undefined);
    }),
    { numRuns: 500 },
  );
});

test('the bytes lie alone in their memory, so that they can go to another thread', () => {
  for (const encoding of ['utf-16le', 'windows-1252', 'iso-8859-1'] as const) {
    const { buffer, byteLength } = textEncoding(encoding).encode('Köln')!;
    expect(buffer.byteLength).toBe(byteLength);
  }
});
