import type { Step } from '../fault-table.ts';
import type { Done } from '../line.ts';
import type { Link } from './link.ts';

/** An open file that is read. */
interface Reading {
  link: Link;
  step: Step;
  handle: Buffer;
  /** Bytes that have come. Reads wait for one another on a slow line: what comes for one of them is progress for all. */
  come: number;
}

/** One piece of an open file; shorter, or empty, only at the end of the file. */
const readPiece = async (reading: Reading, from: number, length: number): Promise<Buffer> => {
  const { link, step, handle } = reading;
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const send = (done: Done<number>) =>
      link.sftp.read(handle, buffer, filled, length - filled, from + filled, (error, read) => {
        const atEnd = error !== undefined && error !== null && 'code' in error && error.code === 1;
        if (atEnd) done(undefined, 0);
        else done(error, read);
      });
    const count = await link.line.ask<number>(step, send, () => reading.come);
    if (count === 0) break;
    filled += count;
    reading.come += count;
  }
  return buffer.subarray(0, filled);
};

/**
 * The bytes of an open file in order, with many reads in flight; closes the file when done or given up. Without `bytes`
 * (a server that does not tell the size) it is read until its end.
 */
export async function* readAll(
  link: Link,
  step: Step,
  handle: Buffer,
  bytes: number | undefined,
  concurrency: number,
): AsyncGenerator<Buffer, void, undefined> {
  const reading: Reading = { link, step, handle, come: 0 };
  const ahead: { piece: Promise<Buffer>; length: number }[] = [];
  let asked = 0;
  let end = bytes ?? Infinity;
  try {
    while (asked < end || ahead.length > 0) {
      while (asked < end && ahead.length < concurrency) {
        const length = Math.min(link.readBytes, end - asked);
        const piece = readPiece(reading, asked, length);
        // Looked at when its turn comes; a failure before that must not count as unhandled.
        piece.catch(() => undefined);
        ahead.push({ piece, length });
        asked += length;
      }
      const next = ahead.shift();
      const found = await next?.piece;
      // The end, wherever the server said that it is.
      if (found && next && found.length < next.length) end = asked;
      if (found && found.length > 0) yield found;
    }
  } finally {
    await Promise.allSettled(ahead.map(({ piece }) => piece));
    await link.line.ask<void>(step, (done) => link.sftp.close(handle, done)).catch(() => undefined);
  }
}
