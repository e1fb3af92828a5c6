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

const isEndsReader = (error: unknown): boolean => error instanceof Fault && error.code === 'ends-reader';

const stopping = (): Fault =>
  new Fault({
    operation: 'read',
    object: 'the message',
    reason: 'the process is about to end',
    hint: 'it is read at the next start',
    next: 'retry',
    code: 'stopping',
  });

/** A thread that does not even start is no message's fault. */
const notStarted = (cause: unknown): Fault =>
  new Fault({
    operation: 'start',
    object: 'the thread that reads messages',
    reason: cause instanceof Error ? cause.message : 'it ended',
    hint: 'look whether the machine has memory, and whether the program is installed as a whole',
    next: 'retry',
    code: 'thread-start',
    cause,
  });

/** The next answer of a worker. Rejects when the worker ends before it, or takes too long. */
const answerOf = (worker: Worker, limitMs: number): Promise<FromFindWorker> =>
  new Promise<FromFindWorker>((resolve, reject) => {
    const forget = (): void => {
      clearTimeout(late);
      worker.off('message', hear).off('error', fail).off('exit', exit);
    };
    const fail = (error: unknown): void => (forget(), reject(error as Error));
    const hear = (message: FromFindWorker): void => (forget(), resolve(message));
    const exit = (): void => fail(new Error('the thread ended'));
    const late = setTimeout(() => fail(new Error('it takes too long')), limitMs);
    worker.on('message', hear).on('error', fail).on('exit', exit);
  });

const startWorker = (job: FindJob, { heapMb = 192, entry = defaultEntry }: FindThreadOptions): Worker =>
  new Worker(entry, {
    resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: heapMb },
    workerData: job,
  }).on('error', () => undefined); // who waits for an answer hears of it

/** The thread is started with the first message, and anew after one that has ended it. */
export const makeFindThread = (job: FindJob, options: FindThreadOptions = {}): FindThread => {
  const { limitMs = defaultLimitMs } = options;
  let worker: Worker | undefined;
  let closed = false;
  const end = async (): Promise<void> => {
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };
  const start = async (): Promise<Worker> => {
    const started = startWorker(job, options);
    worker = started.on('exit', () => void (worker = worker === started ? undefined : worker));
    await answerOf(started, defaultLimitMs).catch(async (error: unknown) => {
      await end();
      throw closed ? stopping() : notStarted(error);
    });
    return started;
  };
  const ask = async (raw: string): Promise<FromFindWorker> => {
    const reader = worker ?? (await start());
    try {
      const answer = answerOf(reader, limitMs);
      reader.postMessage({ raw } satisfies ToFindWorker);
      return await answer;
    } catch (error) {
      await end();
      throw closed ? stopping() : endsReader(error);
    }
  };
  const findFiles = async (raw: string): Promise<Found> => {
    if (closed) throw stopping();
    const answer = await ask(raw).catch((error: unknown) => {
      if (closed || !isEndsReader(error)) throw error;
      return ask(raw);
    });
    if (answer.kind === 'found') return answer.found;
    throw answer.kind === 'failed' ? new Fault(answer.fault) : new Error('the thread answered out of turn');
  };
  return { findFiles, close: () => ((closed = true), end()) };
};
