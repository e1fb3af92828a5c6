import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { type Digest, digester } from '../../file/digest.ts';
import type { Stage } from '../../file/stage.ts';

/** Takes the plain bytes of a file; what its stages make of them is digested and written. */
export interface Sink {
  /** Resolves when there is room for more. Rejects with the error of a stage or of the disk. */
  write(chunk: Uint8Array): Promise<void>;
  /** After the last write: size and SHA-256 of the bytes on disk. */
  end(): Promise<Digest>;
  /** Instead of `end`: lets go of what is under way. After it nothing more is written. */
  drop(): Promise<void>;
}

const writeAll = async (handle: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let done = 0; done < chunk.length;) {
    done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
  }
};

/** A sink for one file: plain bytes → stages in their order → digest → disk. */
export const makeSink = (handle: FileHandle, stages: readonly Stage[]): Sink => {
  const digest = digester();
  const put = async (chunk: Uint8Array): Promise<void> => {
    digest.update(chunk);
    await writeAll(handle, chunk);
  };
  if (stages.length > 0) return stagedSink(put, stages, digest.end);
  return { write: put, end: () => Promise.resolve(digest.end()), drop: () => Promise.resolve() };
};

/** What may wait before the first stage, bytes: about one block of rows. */
const waiting = 1 << 18;

const stagedSink = (put: Sink['write'], stages: readonly Stage[], result: () => Digest): Sink => {
  const plain = new PassThrough({ highWaterMark: waiting });
  const pumped = (async () => {
    let bytes: AsyncIterable<Uint8Array> = plain;
    for (const stage of stages) bytes = stage(bytes);
    for await (const chunk of bytes) await put(chunk);
  })();
  // A failed stage or write to disk is heard by whoever writes next, or at the end.
  pumped.catch(() => undefined);
  plain.on('error', () => undefined); // that its reader has gone is not the cause
  return {
    write: async (chunk) => {
      if (plain.destroyed) await pumped;
      else if (!plain.write(chunk)) await Promise.race([once(plain, 'drain').catch(() => pumped), pumped]);
    },
    end: async () => {
      plain.end();
      await pumped;
      return result();
    },
    drop: async () => {
      plain.destroy();
      await pumped.catch(() => undefined);
    },
  };
};
