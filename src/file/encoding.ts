export type Encoding = 'utf-8' | 'utf-16le' | 'windows-1252' | 'iso-8859-1';

/** Turns text into the bytes of one encoding. */
export interface TextEncoding {
  /** Undefined when the text holds a character that the encoding does not have: nothing is ever replaced. */
  encode(text: string): Uint8Array<ArrayBuffer> | undefined;
  /** How many bytes a text becomes that can be encoded. */
  bytesOf(text: string): number;
  /** The characters that the encoding does not have. */
  missing: RegExp;
}

/**
 * The 27 characters of windows-1252 between 0x80 and 0x9F, as in Unicode's CP1252.TXT. The five bytes without a character
 * (81 8D 8F 90 9D) are never written, and neither is U+0080 to U+009F.
 */
const between80And9F =
  '\u20ac\0\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\0\u017d\0' +
  '\0\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\0\u017e\u0178';
const windowsBytes = new Map([...between80And9F].map((char, i) => [char, String.fromCharCode(0x80 + i)]));
windowsBytes.delete('\0');
const windowsChars = [...windowsBytes.keys()].join('');
const beyondLatin = new RegExp(`[${windowsChars}]`, 'g');

/** A text with a lone half of a surrogate pair has no bytes in any encoding. */
const loneSurrogate = /\p{Cs}/u;

/** Exactly its own memory, which can go to another thread. */
const write = (text: string, bytes: number, encoding: 'latin1' | 'utf16le'): Uint8Array<ArrayBuffer> => {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  buffer.write(text, encoding);
  return buffer;
};

const utf8 = new TextEncoder();

const encodings: Record<Encoding, TextEncoding> = {
  'utf-8': {
    encode: (text) => utf8.encode(text),
    bytesOf: (text) => Buffer.byteLength(text),
    missing: loneSurrogate,
  },
  'utf-16le': {
    encode: (text) => (text.isWellFormed() ? write(text, text.length * 2, 'utf16le') : undefined),
    bytesOf: (text) => text.length * 2,
    missing: loneSurrogate,
  },
  'iso-8859-1': {
    encode: (text) => (/[^\0-\xff]/.test(text) ? undefined : write(text, text.length, 'latin1')),
    bytesOf: (text) => text.length,
    missing: /[^\0-\xff]/u,
  },
  'windows-1252': {
    encode: (text) => {
      if (!/[^\0-\x7f\xa0-\xff]/.test(text)) return write(text, text.length, 'latin1');
      if (encodings['windows-1252'].missing.test(text)) return undefined;
      const latin = text.replace(beyondLatin, (char) => windowsBytes.get(char) ?? '');
      return write(latin, latin.length, 'latin1');
    },
    bytesOf: (text) => text.length,
    missing: new RegExp(`[^\\0-\\x7f\\xa0-\\xff${windowsChars}]`, 'u'),
  },
};

/** How text is written in that encoding. The byte order mark is a character like any other (`\ufeff`); only UTF has it. */
export const textEncoding = (encoding: Encoding): TextEncoding => encodings[encoding];

/** `U+20AC`: the first character of the text that the encoding does not have; undefined when it has all of them. */
export const missingCharacter = (text: string, encoding: Encoding): string | undefined => {
  const found = encodings[encoding].missing.exec(text)?.[0].codePointAt(0);
  return found === undefined ? undefined : `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
};
