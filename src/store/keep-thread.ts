import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { asFault } from '../fault.ts';
import type { FromKeepWorker, ToKeepWorker } from './keep-worker.ts';
import { makeTogether } from './together.ts';

/**
 * Makes small contents last in the spool, by a thread of its own: each is a file under a random name, as a draft that is
 * kept, but those that come at the same time are one message to that thread and share what the file system does to make
 * them last. A draft takes a dozen steps through the threads for files, and each costs the caller's thread more than the
 * whole file costs this one.
 */
export interface KeepThread {
  /**
   * Resolves to the spool name once the bytes last: file and folder are synced. The bytes are given away. Throws Faults as
   * the spool does, and then nothing is left.
   */
  keep(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  /** To be called when nothing is being kept any more. */
  close(): Promise<void>;
}

/** In the packed program the worker is JavaScript, in a checkout TypeScript: the same kind of file as this one. */
const entry = new URL(`./keep-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** Contents that are one message at most; each may be as large as the caller holds in memory. */
const mostAtOnce = 50;

/** Rejects when the thread ends before it has answered. */
const ask = async (worker: Worker, files: ToKeepWorker): Promise<FromKeepWorker> => {
  const ending = new AbortController();
  const { signal } = ending;
  try {
    const ended = once(worker, 'exit', { signal }).then(() => Promise.reject(new Error('the thread ended')));
    const answer = once(worker, 'message', { signal }) as Promise<[FromKeepWorker]>;
    ended.catch(() => undefined);
    answer.catch(() => undefined);
    worker.postMessage(
      files,
      files.map(({ bytes }) => bytes.buffer as ArrayBuffer),
    );
    return (await Promise.race([answer, ended]))[0];
  } finally {
    ending.abort();
  }
};

/** For the spool in that folder. The thread is started with the first content, and anew after it has ended. */
export const makeKeepThread = (folder: string): KeepThread => {
  let worker: Worker | undefined;
  const start = (): Worker => {
    const started = new Worker(entry, { workerData: folder });
    // Who waits for an answer hears of it.
    started.on('error', () => undefined).on('exit', () => void (worker = worker === started ? undefined : worker));
    return (worker = started);
  };
  const keepAll = async (contents: readonly Uint8Array<ArrayBuffer>[]): Promise<string[]> => {
    const files = contents.map((bytes) => ({ name: randomBytes(16).toString('hex'), bytes }));
    try {
      const failed = await ask(worker ?? start(), files);
      if (failed) throw Object.assign(new Error(failed.message), { code: failed.code });
    } catch (error) {
      throw asFault(error, 'write to the spool', folder);
    }
    return files.map(({ name }) => name);
  };
  return {
    keep: makeTogether(mostAtOnce, keepAll, () => turn()),
    close: async () => void (await worker?.terminate()),
  };
};
