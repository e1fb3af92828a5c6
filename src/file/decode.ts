import { Fault } from '../fault.ts';

/** How the characters of a received text file are written. With a BOM it says so itself. */
const sourceEncodings = ['utf-8', 'utf-16le', 'utf-16be', 'utf-32le', 'utf-32be', 'windows-1252'] as const;
export type SourceEncoding = (typeof sourceEncodings)[number];

/** A file's bytes from the beginning, as often as it is asked. */
export type Bytes = () => AsyncIterable<Buffer>;

const marks: readonly (readonly [SourceEncoding, string])[] = [
  ['utf-32le', 'fffe0000'], // before utf-16le, whose mark it begins with
  ['utf-32be', '0000feff'],
  ['utf-8', 'efbbbf'],
  ['utf-16le', 'fffe'],
  ['utf-16be', 'feff'],
];

const markOf = (start: Buffer): readonly [SourceEncoding, string] | undefined =>
  marks.find(([, mark]) => start.toString('hex').startsWith(mark));

/** Windows-1252 from 0x80 to 0x9f; a space where it has no character. */
const upper = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

const unreadable = (reason: string, hint: string): Fault =>
  new Fault({ operation: 'read', object: 'the file', reason, hint, next: 'refuse', code: 'not-text' });

const saveAsCsv = 'save it as CSV (UTF-8) and send it again';

const refuseOtherFormats = (start: Buffer): void => {
  const first = start.subarray(0, 5).toString('latin1');
  if (first.startsWith('PK\u0003\u0004')) throw unreadable('it is a zip archive or an Excel workbook', saveAsCsv);
  if (first.startsWith('\u001f\u008b')) throw unreadable('it is compressed with gzip', 'unpack it and send it again');
  if (first === '%PDF-') throw unreadable('it is a PDF', saveAsCsv);
};

const hasNoCharacter = (byte: number): boolean => byte >= 0x80 && byte <= 0x9f && upper[byte - 0x80] === ' ';

/** Throws Fault `not-text` (refuse) for bytes that are no text in Windows-1252 either. */
const refuseNonText = (chunk: Buffer): void => {
  if (chunk.some(hasNoCharacter)) throw unreadable('it is neither UTF-8 nor Windows-1252', saveAsCsv);
};

/** Throws Fault `not-text` (refuse) for a file that holds bytes which Windows-1252 does not have. */
export const requireWindows1252 = async (bytes: Bytes): Promise<void> => {
  for await (const chunk of bytes()) refuseNonText(chunk);
};

const nul = (): Fault =>
  unreadable('it holds NUL characters: it is no text, or UTF-16 without a byte order mark', saveAsCsv);

const sniff = async (bytes: Bytes): Promise<{ start: Buffer; empty: boolean }> => {
  let start = Buffer.alloc(0);
  for await (const chunk of bytes()) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= 5) break;
  }
  return { start, empty: start.length === 0 };
};

/**
 * Finds the encoding of a whole file, which is looked at from end to end: what its BOM says, else UTF-8 when every
 * byte fits, else Windows-1252. Never guesses beyond that: throws Fault `not-text` (refuse) for other formats, for
 * bytes that fit none of them, and for NUL characters. Memory is that of one chunk.
 */
export const detectEncoding = async (bytes: Bytes): Promise<{ encoding: SourceEncoding; mark: boolean }> => {
  const { start } = await sniff(bytes);
  refuseOtherFormats(start);
  const mark = markOf(start);
  const encoding = mark?.[0] ?? ((await isAll('utf-8', bytes)) ? 'utf-8' : 'windows-1252');
  if (encoding === 'windows-1252') await requireWindows1252(bytes);
  else if (mark && !(await isAll(encoding, bytes)))
    throw unreadable(`it begins with the mark of ${encoding.toUpperCase()} and is not`, saveAsCsv);
  for await (const chunk of decoded(bytes(), { encoding, mark: mark !== undefined }))
    if (chunk.includes(0)) throw nul();
  return { encoding, mark: mark !== undefined };
};

const isAll = async (encoding: SourceEncoding, bytes: Bytes): Promise<boolean> => {
  const decoder = decoderOf(encoding);
  try {
    for await (const chunk of bytes()) decoder.decode(chunk, { stream: true });
    decoder.decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
};

interface Decoder {
  decode(chunk?: Buffer, options?: { stream: boolean }): string;
}

/** Throws TypeError (or RangeError) for bytes that do not fit. */
const decoderOf = (encoding: SourceEncoding): Decoder => {
  switch (encoding) {
    case 'utf-8':
    case 'utf-16le':
    case 'utf-16be':
      return new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    case 'utf-32le':
    case 'utf-32be':
      return utf32(encoding === 'utf-32le');
    case 'windows-1252':
      return {
        decode: (chunk) =>
          (chunk?.toString('latin1') ?? '').replace(/[\u0080-\u009f]/g, (c) => upper[c.charCodeAt(0) - 0x80] ?? c),
      };
    default:
      return encoding satisfies never;
  }
};

const utf32 = (little: boolean): Decoder => {
  let rest = Buffer.alloc(0);
  return {
    decode: (chunk) => {
      const all = chunk ? Buffer.concat([rest, chunk]) : rest;
      const whole = all.length - (all.length % 4);
      rest = all.subarray(whole);
      if (!chunk && rest.length > 0) throw new RangeError('cut off');
      let text = '';
      for (let at = 0; at < whole; at += 4)
        text += String.fromCodePoint(little ? all.readUInt32LE(at) : all.readUInt32BE(at));
      return text;
    },
  };
};

/** The file as UTF-8 without its BOM, chunk by chunk. */
export async function* decoded(
  source: AsyncIterable<Buffer>,
  { encoding, mark }: { encoding: SourceEncoding; mark: boolean },
): AsyncGenerator<Buffer> {
  if (encoding === 'utf-8' && !mark) return yield* source;
  const decoder = decoderOf(encoding);
  let first = mark;
  for await (const chunk of source) {
    const text = decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    yield Buffer.from(first ? text.slice(1) : text, 'utf8');
    first = false;
  }
  const last = decoder.decode();
  if (last !== '') yield Buffer.from(last, 'utf8');
}
