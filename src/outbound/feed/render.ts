import { reached } from '../../commit-point.ts';
import { asFault } from '../../fault.ts';
import { textEncoding } from '../../file/encoding.ts';
import type { Stage } from '../../file/stage.ts';
import type { FenceOptions, OpenAtFence } from '../../store/fence.ts';
import type { Spool } from '../../store/spool.ts';
import { newestSequence, type Store } from '../../store/store.ts';
import type { Layout } from './layout.ts';
import { addMembers, type Members, noMembers } from './members.ts';
import type { Block, CurrencySum, RenderJob } from './render-message.ts';
import { openParts, type Parts, type RenderedFile } from './parts.ts';
import { type RenderThread, startRenderThread } from './render-thread.ts';
import { makeRowWriter } from './row-writer.ts';
import type { Include } from './selection.ts';

export interface RenderRequest {
  store: Store;
  spool: Spool;
  job: Omit<RenderJob, 'address'>;
  /** Rows begin after this sequence. */
  from: number;
  /** What the bytes of a file pass on their way to the disk; `part` counts from 1. */
  stages(part: number): readonly Stage[];
  /** Whether the sums by currency are wanted. */
  sums: boolean;
  openAtFence: OpenAtFence;
  fence: FenceOptions;
  /** Rows written so far. */
  progress?(rows: number): void;
}

/** Bytes in the spool, and what they hold. */
export interface Rendered {
  /** One, or with `split` several, in their order. */
  files: [RenderedFile, ...RenderedFile[]];
  /** Rows end at this sequence. */
  fence: number;
  members: Members;
  sums: CurrencySum[];
}

/** Fewer new entries than this are not worth a second thread. */
const oneThreadUpTo = 20_000;
/** Rows in a block that keep it near 0.4 MB: larger strings cost more than they save. */
const rowsPerBlock = 1000;
const lanesPerThread = 2;

/**
 * Commit points 2 and 3: opens the snapshot at the fence, writes every member in `(from, fence]` into the spool in
 * order of sequence, hashing on the way. Undefined when there is none and `keepEmpty` is off.
 */
export const renderFile = async (request: RenderRequest, keepEmpty: boolean): Promise<Rendered | undefined> => {
  const { store, job } = request;
  const newest = await newestSequence(store.read);
  const count = newest - request.from > oneThreadUpTo ? 2 : 1;
  const threads = await startThreads({ ...job, address: store.address }, count);
  try {
    const fence = await request.openAtFence(store, () => openTogether(threads), request.fence);
    reached('2 snapshot opened');
    return await renderToSpool(request, threads, fence, keepEmpty);
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
};

/** All or none: when one cannot start, those that did are closed. */
const startThreads = async (job: RenderJob, count: number): Promise<RenderThread[]> => {
  const starts = await Promise.allSettled(Array.from({ length: count }, () => startRenderThread(job)));
  const threads = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (!failed) return threads;
  await Promise.all(threads.map((thread) => thread.close()));
  throw asFault(failed.reason, 'start', 'a render thread');
};

/** All threads see the same moment: on PostgreSQL by the first one's token, on SQLite because nobody writes meanwhile. */
const openTogether = async ([first, ...others]: RenderThread[]): Promise<void> => {
  const token = await first?.openSnapshot();
  await Promise.all(others.map((thread) => thread.openSnapshot(token)));
};

const renderToSpool = async (
  request: RenderRequest,
  threads: RenderThread[],
  fence: number,
  keepEmpty: boolean,
): Promise<Rendered | undefined> => {
  const { layout, rule } = request.job;
  const parts = await openParts({
    spool: request.spool,
    head: headOf(layout, rule.include, request.store.kind),
    stages: (part) => request.stages(part),
    ...(layout.split && { rowsPerPart: layout.split.rows }),
  });
  try {
    reached('3 rendering');
    const members = await writeMembers(request, threads, fence, parts);
    if (members.count === 0 && !keepEmpty) {
      await parts.drop();
      return undefined;
    }
    const sums = request.sums ? await threads[0]?.sums(request.from, fence) : undefined;
    const files = await parts.end();
    reached('3 rendered');
    return { files, fence, members, sums: sums ?? [] };
  } catch (error) {
    await parts.drop();
    request.fence.signal?.throwIfAborted(); // stopped, or the claim was lost: not a fault of the rendering
    throw asFault(error, 'render', 'a batch into the spool');
  }
};

/** Byte order mark and header. The settings have looked whether the encoding has their characters. */
const headOf = (layout: Layout, include: Include, database: 'sqlite' | 'postgres'): Uint8Array => {
  const head = textEncoding(layout.encoding ?? 'utf-8').encode(makeRowWriter(layout, include, database).head());
  if (!head) throw new Error('the header cannot be written');
  return head;
};

/** Hands ranges to the threads and writes their blocks in order; at most a few blocks are in memory at once. */
const writeMembers = async (
  request: RenderRequest,
  threads: RenderThread[],
  fence: number,
  parts: Parts,
): Promise<Members> => {
  let members = noMembers;
  let next = request.from;
  let width = rowsPerBlock;
  let tail = Promise.resolve();
  const emit = async (block: Block): Promise<void> => {
    await parts.write(block);
    members = addMembers(members, block);
    request.progress?.(members.count);
  };
  const lane = async (thread: RenderThread): Promise<void> => {
    while (next < fence) {
      request.fence.signal?.throwIfAborted();
      const range = { from: next, to: Math.min(next + width, fence) };
      next = range.to;
      const before = tail;
      const mine = thread.render(range).then(async (block) => {
        width = nextWidth(range.to - range.from, block.count);
        await before;
        await emit(block);
      });
      tail = mine;
      await mine;
    }
  };
  await Promise.all(threads.flatMap((thread) => Array.from({ length: lanesPerThread }, () => lane(thread))));
  return members;
};

/** Where a feed owns few entries a range may be wider, but never so wide that a dense stretch behind it is a block too large. */
const widest = 16 * rowsPerBlock;

/** Aims at `rowsPerBlock` rows: a feed may own few of the journal's entries, or all. */
const nextWidth = (width: number, rows: number): number =>
  Math.max(1, Math.min(Math.ceil((width * rowsPerBlock) / Math.max(rows, 1)), widest));
