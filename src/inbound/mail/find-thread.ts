import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '../../fault.ts';
import type { FindJob, FromFindWorker, ToFindWorker } from './find-message.ts';
import type { Found } from './found-files.ts';

/** Takes messages apart in another thread, one at a time. */
export interface FindThread {
  /**
   * As `findFiles`, for the raw message of this spool name. A message that ends the thread, or keeps it for longer than
   * the limit, twice: Fault (refuse) `ends-reader`. Once closed: Fault (retry) `stopping`.
   */
  findFiles(raw: string): Promise<Found>;
  close(): Promise<void>;
}

/** In the packed program the worker is JavaScript, in a checkout TypeScript: the same kind of file as this one. */
const defaultEntry = new URL(`./find-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** A 25 MB mail takes less than a second; a machine may be slow. */
const defaultLimitMs = 60_000;

export interface FindThreadOptions {
  limitMs?: number;
  /** The thread's heap, megabytes; buffers do not count. */
  heapMb?: number;
  /** For tests: another worker. */
  entry?: URL;
}

const endsReader = (cause: unknown): Fault =>
  new Fault({
    operation: 'read',
    object: 'the message',
    reason: 'it ends the program that reads it',
    hint: 'send the file in a plain mail of its own',
    next: 'refuse',
    code: 'ends-reader',
    cause,
  });

const stopping = (): Fault =>
  new Fault({
    operation: 'read',
    object: 'the message',
    reason: 'the process is about to end',
    hint: 'it is read at the next start',
    next: 'retry',
    code: 'stopping',
  });

/** One answer of a worker. Rejects when the worker ends before it, or takes too long. */
const answerOf = (worker: Worker, raw: string, limitMs: number): Promise<FromFindWorker> =>
  new Promise<FromFindWorker>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('it takes too long')), limitMs);
    const settle = (how: () => void) => (clearTimeout(late), how());
    worker.once('message', (message: FromFindWorker) => settle(() => resolve(message)));
    worker.once('error', (error) => settle(() => reject(error as Error)));
    worker.once('exit', () => settle(() => reject(new Error('the thread ended'))));
    worker.postMessage({ raw } satisfies ToFindWorker);
  }).finally(() => {
    for (const event of ['message', 'exit']) worker.removeAllListeners(event);
  });

/** The thread is started with the first message, and anew after one that has ended it. */
export const makeFindThread = (job: FindJob, options: FindThreadOptions = {}): FindThread => {
  const { limitMs = defaultLimitMs, heapMb = 192, entry = defaultEntry } = options;
  let worker: Worker | undefined;
  let closed = false;
  const start = (): Worker => {
    const started = new Worker(entry, {
      resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: heapMb },
      workerData: job,
    });
    return started.on('error', () => undefined); // who waits for an answer hears of it
  };
  const end = async (): Promise<void> => {
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };
  const ask = async (raw: string): Promise<FromFindWorker> => {
    try {
      return await answerOf((worker ??= start()), raw, limitMs);
    } catch (error) {
      await end();
      throw closed ? stopping() : endsReader(error);
    }
  };
  const findFiles = async (raw: string): Promise<Found> => {
    if (closed) throw stopping();
    const answer = await ask(raw).catch((error: unknown) => {
      if (closed) throw error;
      return ask(raw);
    });
    if (answer.kind === 'failed') throw new Fault(answer.fault);
    return answer.found;
  };
  return { findFiles, close: () => ((closed = true), end()) };
};
