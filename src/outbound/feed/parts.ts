import type { Stage } from '../../file/stage.ts';
import type { Draft, Spool } from '../../store/spool.ts';
import type { Block } from './render-message.ts';
import { makeSink, type Sink } from './sink.ts';

/** One file of a batch in the spool; bytes and digest are those on disk. */
export interface RenderedFile {
  spool: string;
  rows: number;
  bytes: number;
  sha256: string;
}

/** The files of a batch while they are written: one, or with `split` one after the other. */
export interface Parts {
  /** Takes the blocks in order. */
  write(block: Block): Promise<void>;
  /** After the last block; all files are kept in the spool. The first is there even without rows. */
  end(): Promise<[RenderedFile, ...RenderedFile[]]>;
  /** Instead of `end`, or after it has failed: nothing is left in the spool. */
  drop(): Promise<void>;
}

export interface PartsOptions {
  spool: Spool;
  /** What stands before the first row of each file. */
  head: Uint8Array;
  /** What the bytes of a file pass on their way to the disk; `part` counts from 1. */
  stages(part: number): readonly Stage[];
  /** Rows of a full file; all are in one without it. */
  rowsPerPart?: number;
}

interface OpenPart {
  draft: Draft;
  sink: Sink;
  rows: number;
}

/** Opens the first file. A file is ended as soon as a row comes that it has no room for, so memory stays flat. */
export const openParts = async (options: PartsOptions): Promise<Parts> => {
  const { spool, rowsPerPart = Infinity } = options;
  const kept: RenderedFile[] = [];
  let open: OpenPart | undefined = await beginPart(options, 1);
  const close = async (): Promise<void> => {
    if (!open) return;
    const digest = await open.sink.end();
    kept.push({ spool: await open.draft.keep(), rows: open.rows, ...digest });
    open = undefined;
  };
  return {
    write: async (block) => {
      for (let row = 0; row < block.count;) {
        if (open && open.rows >= rowsPerPart) await close();
        open ??= await beginPart(options, kept.length + 1);
        const count = Math.min(block.count - row, rowsPerPart - open.rows);
        await open.sink.write(bytesOf(block, row, row + count));
        open.rows += count;
        row += count;
      }
    },
    end: async () => {
      await close();
      const [first, ...others] = kept;
      if (!first) throw new Error('a batch has at least one file');
      return [first, ...others];
    },
    drop: async () => {
      await open?.sink.drop();
      await open?.draft.drop();
      open = undefined;
      for (const file of kept.splice(0)) await spool.remove(file.spool);
    },
  };
};

const beginPart = async ({ spool, head, stages }: PartsOptions, part: number): Promise<OpenPart> => {
  const draft = await spool.draft();
  const sink = makeSink(draft.handle, stages(part));
  try {
    await sink.write(head);
  } catch (error) {
    await sink.drop();
    await draft.drop();
    throw error;
  }
  return { draft, sink, rows: 0 };
};

/** The rows from one to before the other. A block that need not be cut comes without the ends of its rows. */
const bytesOf = ({ bytes, count, ends }: Block, from: number, to: number): Uint8Array => {
  if (from === 0 && to === count) return bytes;
  if (!ends) throw new Error('a block to be cut does not say where its rows end');
  return bytes.subarray(from === 0 ? 0 : ends[from - 1], ends[to - 1]);
};
