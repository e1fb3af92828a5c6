import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '../../fault.ts';
import type { Store } from '../../store/store.ts';
import type { Applied } from './apply.ts';
import type { ApplyJob, FromApplyWorker, ToApplyWorker } from './apply-message.ts';

/** An apply worker as its owner sees it; one submission at a time. */
export interface ApplyThread {
  /** Throws what `applySubmission` throws. `progress` gets the data lines done. */
  apply(id: number, progress?: (lines: number) => void): Promise<Applied>;
  /** The submission in hand stops after its chunk. */
  stop(): void;
  close(): Promise<void>;
}

/** In the packed program the worker is JavaScript, in a checkout TypeScript: the same kind of file as this one. */
const entry = new URL(`./apply-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

interface Waiting {
  resolve(message: FromApplyWorker): void;
  reject(error: unknown): void;
  progress?: ((lines: number) => void) | undefined;
}

const startWorker = (job: ApplyJob): Worker =>
  new Worker(entry, {
    resourceLimits: { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 256 },
    workerData: job,
  });

/** Lets the worker write when its turn has come; a worker that ends gives the turn back. */
const turnGiver = (worker: Worker, store: Store) => (): void => {
  if (worker.threadId === -1) return; // it has ended, and nobody would give the turn back
  const over = new Promise<void>((resolve) => {
    worker.on('exit', resolve);
    const hear = ({ kind }: FromApplyWorker): void => {
      if (kind !== 'turn over') return;
      worker.off('message', hear);
      worker.off('exit', resolve);
      resolve();
    };
    worker.on('message', hear);
  });
  const give = (): Promise<void> => {
    worker.postMessage({ kind: 'turn' } satisfies ToApplyWorker);
    return over;
  };
  void store.turn(give);
};

/** The worker's answers, one at a time; what ends the worker rejects the one that is waited for. */
const listen = (worker: Worker, store: Store) => {
  let waiting: Waiting | undefined;
  let ended: unknown;
  const end = (error: unknown) => {
    ended ??= error;
    waiting?.reject(ended);
  };
  const giveTurn = turnGiver(worker, store);
  worker.on('message', (message: FromApplyWorker) => {
    if (message.kind === 'progress') waiting?.progress?.(message.lines);
    else if (message.kind === 'turn') giveTurn();
    else if (message.kind !== 'turn over') waiting?.resolve(message);
  });
  worker.on('error', end);
  worker.on('exit', () => end(new Error('the apply worker ended')));
  return (progress?: (lines: number) => void) =>
    new Promise<FromApplyWorker>((resolve, reject) => {
      if (ended === undefined) waiting = { resolve, reject, progress };
      else reject(ended as Error);
    });
};

/** Starts the thread; resolves when its database connection is open. It writes in turn with the writers of `store`. */
export const startApplyThread = async (store: Store, job: ApplyJob): Promise<ApplyThread> => {
  const worker = startWorker(job);
  const next = listen(worker, store);
  const say = (message: ToApplyWorker) => worker.postMessage(message);
  const close = async () => void (await worker.terminate());
  const first = await next();
  if (first.kind === 'failed') {
    await close();
    throw new Fault(first.fault);
  }
  return {
    apply: async (id, progress) => {
      const answer = next(progress);
      say({ kind: 'apply', id });
      const message = await answer;
      if (message.kind === 'applied') return message.applied;
      throw message.kind === 'failed' ? new Fault(message.fault) : new Error(`the apply worker said ${message.kind}`);
    },
    stop: () => say({ kind: 'stop' }),
    close,
  };
};
