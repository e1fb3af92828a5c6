import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { beginDigest, type Digest } from './digest.ts';
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

interface Hasher extends Digest {
  update(bytes: Buffer): void;
}

/** Hashes what is read, as it is read. */
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
  const begun = file.digest ? undefined : beginDigest(file.path, file.bytes);
  const digest = file.digest ?? begun;
  const hasher = digest ? { ...digest, update: () => undefined } : hashHere();
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
    begun?.stop();
    await handle.close();
  };
  return { read, close };
};
