import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';

/** Bytes and SHA-256 of what passed. */
export interface Digest {
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** Counts and hashes bytes block by block. `end` may be called once. */
export const digester = (): { update(block: Uint8Array | string): void; end(): Digest } => {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    update: (block) => {
      bytes += Buffer.byteLength(block);
      hash.update(block);
    },
    end: () => ({ bytes, sha256: hash.digest('hex') }),
  };
};

/** A stream that passes bytes on as they are; once it has ended, `digest()` says what they were. */
export const digestStream = (): { stream: Transform; digest(): Digest } => {
  const { update, end } = digester();
  let result: Digest | undefined;
  const stream = new Transform({
    transform: (block: Buffer, _, done) => {
      update(block);
      done(null, block);
    },
  });
  return { stream, digest: () => (result ??= end()) };
};

/** The SHA-256 of a short text or a block, as lower-case hex. */
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Bytes and SHA-256 of a file on disk. Rejects with the system's error when it cannot be read. */
export const digestFile = async (path: string): Promise<Digest> => {
  const { update, end } = digester();
  for await (const block of createReadStream(path, { highWaterMark: 1 << 18 })) update(block as Buffer);
  return end();
};
