import { Fault } from '../fault.ts';

/*
 * One file out of a form (multipart/form-data, RFC 7578), while it comes: memory is that of a chunk, however large it is.
 */

/** A file that a form holds. `bytes` is to be read to its end, once. */
export interface FormFile {
  /** As the browser said it; from outside. */
  fileName: string;
  bytes: AsyncGenerator<Buffer>;
}

const longestHead = 16_384;
/** Fields before the file, and bytes behind it: a form of ours has one or none of each. */
const mostFields = 100;
const mostBehind = 65_536;

const broken = (reason: string): Fault =>
  new Fault({
    operation: 'take',
    object: 'the form',
    reason,
    hint: 'choose a file and send it again',
    next: 'refuse',
    code: 'usage',
  });

const makeReader = (source: AsyncIterable<Buffer>) => {
  const chunks = source[Symbol.asyncIterator]();
  // The first boundary has no line end before it; with one all are alike.
  let held = Buffer.from('\r\n');
  /** What comes before the mark, piece by piece; the mark itself is left out. */
  async function* until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = held.indexOf(mark);
      const end = at >= 0 ? at : Math.max(0, held.length - mark.length + 1);
      const piece = held.subarray(0, end);
      held = held.subarray(at >= 0 ? at + mark.length : end);
      if (piece.length > 0) yield piece;
      if (at >= 0) return;
      const next = await chunks.next();
      if (next.done) throw broken('it ends before its end, or holds no file');
      held = Buffer.concat([held, next.value]);
    }
  }
  const drain = async (): Promise<void> => {
    let behind = held.length;
    held = Buffer.alloc(0);
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      if ((behind += next.value.length) > mostBehind) throw broken('there is too much behind the file');
  };
  return { until, drain };
};

/** At most `longestHead` bytes as text. */
const short = async (pieces: AsyncGenerator<Buffer>): Promise<string> => {
  let text = Buffer.alloc(0);
  for await (const piece of pieces) {
    text = Buffer.concat([text, piece]);
    if (text.length > longestHead) throw broken('a field before the file is too long');
  }
  return text.toString('utf8');
};

const boundaryIn = (contentType: string): string => {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw broken('it is not sent as multipart/form-data');
  return boundary;
};

/** Browsers write a quote as %22 and line ends as %0D and %0A; the rest is as it is. */
const fileNameIn = (head: string): string | undefined => {
  const said = /^content-disposition\s*:.*?[;\s]filename="([^"\r\n]*)"/im.exec(head)?.[1];
  return said?.replace(/%22/g, '"').replace(/%0[da]/gi, ' ');
};

/**
 * The first file of a form. Up to a hundred fields before it are passed over; up to 64 KB behind it are read and let go
 * of. Fault `usage` (refuse) when the form holds more than that, no file, or is cut off, and whatever the source rejects
 * with.
 */
export const fileInForm = async (body: AsyncIterable<Buffer>, contentType: string): Promise<FormFile> => {
  const { until, drain } = makeReader(body);
  const mark = Buffer.from(`\r\n--${boundaryIn(contentType)}`);
  await short(until(mark));
  for (let fields = 0; fields <= mostFields; fields++) {
    const head = await short(until(Buffer.from('\r\n\r\n')));
    const fileName = fileNameIn(head);
    if (fileName !== undefined) {
      async function* bytes(): AsyncGenerator<Buffer> {
        yield* until(mark);
        await drain();
      }
      return { fileName, bytes: bytes() };
    }
    await short(until(mark));
  }
  throw broken('there are too many fields before the file');
};
