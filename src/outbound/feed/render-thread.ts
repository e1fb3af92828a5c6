import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '../../fault.ts';
import type { Block, CurrencySum, FromWorker, RangeRequest, RenderJob, ToWorker } from './render-message.ts';

/** A render worker as its owner sees it. Requests are answered in the order in which they were made. */
export interface RenderThread {
  openSnapshot(token?: string): Promise<string>;
  /** Faults of `cell-fault.ts` (hold). */
  render(range: RangeRequest): Promise<Block>;
  sums(from: number, to: number): Promise<CurrencySum[]>;
  close(): Promise<void>;
}

/** In the packed program the worker is JavaScript, in a checkout TypeScript: the same kind of file as this one. */
const entry = new URL(`./render-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

interface Waiting {
  resolve(message: FromWorker): void;
  reject(error: unknown): void;
}

/** Starts the thread; resolves when its database connection is open. */
export const startRenderThread = async (job: RenderJob): Promise<RenderThread> => {
  const worker = new Worker(entry, {
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 },
    workerData: job,
  });
  const waiting: Waiting[] = [];
  let ended: unknown;
  const end = (error: unknown) => {
    ended ??= error;
    for (const request of waiting.splice(0)) request.reject(ended);
  };
  worker.on('message', (message: FromWorker) => waiting.shift()?.resolve(message));
  worker.on('error', end);
  worker.on('exit', () => end(new Error('the render worker ended')));
  const next = () =>
    new Promise<FromWorker>((resolve, reject) => {
      if (ended === undefined) waiting.push({ resolve, reject });
      else reject(ended as Error);
    });
  const ask = async <K extends FromWorker['kind']>(
    message: ToWorker,
    kind: K,
  ): Promise<Extract<FromWorker, { kind: K }>> => {
    worker.postMessage(message);
    return expect(await next(), kind);
  };
  await next();
  return {
    openSnapshot: async (token) => (await ask({ kind: 'open', ...(token !== undefined && { token }) }, 'opened')).token,
    render: (range) => ask({ kind: 'range', ...range }, 'block'),
    sums: async (from, to) => (await ask({ kind: 'sums', from, to }, 'sums')).sums,
    close: async () => void (await worker.terminate()),
  };
};

const expect = <K extends FromWorker['kind']>(message: FromWorker, kind: K): Extract<FromWorker, { kind: K }> => {
  if (message.kind === 'refused') throw new Fault(message.fault);
  if (message.kind !== kind) throw new Error(`the render worker answered ${message.kind}, not ${kind}`);
  return message as Extract<FromWorker, { kind: K }>;
};
