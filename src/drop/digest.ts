import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** A SHA-256 that is being computed: lower-case hex. */
export interface Digest {
  hex(): Promise<string>;
  stop(): void;
}

/** From this size on a thread of its own hashes: encryption keeps this one busy, and the other core waits. */
const largeBytes = 16 * 1024 * 1024;

/** In the packed program the worker is JavaScript, in a checkout TypeScript: the same kind of file as this one. */
const entry = new URL(`./digest-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/**
 * Begins to hash a large file beside everything else, connecting included; undefined for a small one, which is hashed as
 * it is read. Reads the file on its own, mostly from the page cache: a spooled file is written once and never changed.
 */
export const beginDigest = (path: string, bytes: number): Digest | undefined => {
  if (bytes < largeBytes) return undefined;
  const worker = new Worker(entry, { workerData: path });
  const hex = new Promise<string>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('the hashing thread ended without an answer')));
  });
  // Asked for at the end only; until then its failure must not count as unhandled.
  hex.catch(() => undefined);
  return { hex: () => hex, stop: () => void worker.terminate() };
};
