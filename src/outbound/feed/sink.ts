import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { type Digest, digester, gzipStream } from '../../file/digest.ts';

/** Takes the plain bytes of a file, compresses them if asked, writes and digests what results. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  /** After the last write: size and SHA-256 of the bytes on disk. */
  end(): Promise<Digest>;
}

const writeAll = async (handle: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let done = 0; done < chunk.length;) {
    done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
  }
};

export const makeSink = (handle: FileHandle, compress: 'none' | 'gzip'): Sink => {
  const digest = digester();
  const put = async (chunk: Uint8Array): Promise<void> => {
    digest.update(chunk);
    await writeAll(handle, chunk);
  };
  if (compress === 'gzip') return gzipSink(put, digest.end);
  return { write: put, end: () => Promise.resolve(digest.end()) };
};

const gzipSink = (put: Sink['write'], result: () => Digest): Sink => {
  const gzip = gzipStream();
  const pumped = (async () => {
    for await (const chunk of gzip) await put(chunk as Uint8Array);
  })();
  // A failed write to disk is heard by whoever writes next, or at the end.
  pumped.catch(() => undefined);
  return {
    write: async (chunk) => {
      if (!gzip.write(chunk)) await Promise.race([once(gzip, 'drain'), pumped]);
    },
    end: async () => {
      gzip.end();
      await pumped;
      return result();
    },
  };
};
