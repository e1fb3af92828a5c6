import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Stage } from './stage.ts';

/** Compresses as gzip. The header names no file and no time (mtime 0), so the same bytes give the same file. */
export const gzip: Stage = (bytes) => {
  const packed = createGzip({ level: 6, chunkSize: 1 << 16 });
  // An error destroys `packed` with it, and its reader hears it there.
  return pipeline(Readable.from(bytes), packed, () => undefined);
};
