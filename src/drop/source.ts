import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DropFault, type Outgoing } from './drop.ts';

/** The bytes of an outgoing file, read once from front to back. */
export interface Source {
  /**
   * The next bytes, at most `buffer.length`; empty at the end. They lie in `buffer`. The end is only reported after
   * length and digest were found right: whoever got it has read exactly the bytes that were announced.
   */
  read(buffer: Buffer): Promise<Buffer>;
  close(): Promise<void>;
}

const localFault = (file: Outgoing, reason: string, cause?: unknown): DropFault =>
  new DropFault({
    operation: 'read from the spool',
    object: file.name,
    reason,
    hint: 'the spooled bytes are missing or changed; restore the spool folder, nothing was sent under the final name',
    next: 'hold',
    code: 'local',
    cause,
  });

const guarded = async <T>(file: Outgoing, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw localFault(file, error instanceof Error ? error.message : String(error), error);
  }
};

interface Hasher {
  update(bytes: Buffer): void;
  hex(): Promise<string>;
  stop(): void;
}

/** From this size on a thread of its own hashes: encryption keeps this one busy, and the other core waits. */
const largeBytes = 16 * 1024 * 1024;

/** In the packed program the worker is JavaScript, in a checkout TypeScript: the same kind of file as this one. */
const entry = new URL(`./digest-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** Reads the file a second time, from the page cache: a spooled file is written once and never changed. */
const hashBeside = (path: string): Hasher => {
  const worker = new Worker(entry, { workerData: path });
  const hex = new Promise<string>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('the hashing thread ended without an answer')));
  });
  // Asked for at the end only; until then its failure must not count as unhandled.
  hex.catch(() => undefined);
  return { update: () => undefined, hex: () => hex, stop: () => void worker.terminate() };
};

const hashHere = (): Hasher => {
  const digest = createHash('sha256');
  return {
    update: (bytes) => void digest.update(bytes),
    hex: () => Promise.resolve(digest.digest('hex')),
    stop: () => undefined,
  };
};

/** Opens the spooled bytes. Faults: `local` when they are missing, unreadable or not those that were announced. */
export const openSource = async (file: Outgoing): Promise<Source> => {
  const handle = await guarded(file, open(file.path, 'r'));
  const hasher = file.bytes >= largeBytes ? hashBeside(file.path) : hashHere();
  let total = 0;
  const atEnd = async () => {
    if (total !== file.bytes) throw localFault(file, `it has ${total} bytes, ${file.bytes} were announced`);
    if ((await guarded(file, hasher.hex())) !== file.sha256)
      throw localFault(file, 'its SHA-256 is not the one announced');
  };
  const read = async (buffer: Buffer): Promise<Buffer> => {
    const { bytesRead } = await guarded(file, handle.read(buffer, 0, buffer.length, total));
    const bytes = buffer.subarray(0, bytesRead);
    total += bytesRead;
    hasher.update(bytes);
    if (total > file.bytes) throw localFault(file, `it has more than the ${file.bytes} bytes announced`);
    if (bytesRead === 0) await atEnd();
    return bytes;
  };
  const close = async () => {
    hasher.stop();
    await handle.close();
  };
  return { read, close };
};
