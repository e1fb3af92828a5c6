import type { Store, Writer } from '../store/store.ts';

/** Gathers things and writes them in blocks, each in a database transaction of its own. */
export interface BlockWriter<T> {
  push(one: T): void;
  /** Writes the blocks that are full; resolves when the next things may come. */
  flushFull(): Promise<void>;
  /** Writes what is left, and waits until all is committed. */
  end(): Promise<void>;
}

/** How long a database transaction should take: on SQLite others wait for it (≤ 250 ms by design), on PostgreSQL nobody does, but it must end within two seconds. */
const aimMs = { sqlite: 100, postgres: 400 };
const smallest = 100;
const largest = 10_000;

/**
 * How many the next block should hold, when one of `size` held `count` and took `tookMs`, and one should take `aim`
 * milliseconds. No more than twice as many as were tried, so that one fast block does not make a far too slow one.
 */
export const fittingSize = (size: number, count: number, tookMs: number, aim: number): number =>
  Math.round(Math.min(largest, size * 2, Math.max(smallest, (count * aim) / Math.max(1, tookMs))));

/**
 * `write` does the work of one block inside a database transaction; what it resolves to is called once that is
 * committed. The size of the blocks follows the time they take. While one block is being written the next is gathered.
 */
export const blockWriter = <T>(
  store: Store,
  write: (block: T[], writer: Writer) => Promise<() => void>,
): BlockWriter<T> => {
  let gathered: T[] = [];
  let size = 1000;
  let inFlight: Promise<void> = Promise.resolve();
  const writeOne = async (block: T[]): Promise<void> => {
    const committed = await store.write(async (writer) => {
      const started = performance.now();
      const result = await write(block, writer);
      size = fittingSize(size, block.length, performance.now() - started, aimMs[store.kind]);
      return result;
    });
    committed();
  };
  const start = async (block: T[]): Promise<void> => {
    await inFlight;
    inFlight = writeOne(block);
    inFlight.catch(() => undefined); // whoever waits next gets it
  };
  return {
    push: (one) => void gathered.push(one),
    flushFull: async () => {
      while (gathered.length >= size) {
        const block = gathered.splice(0, size);
        await start(block);
      }
    },
    end: async () => {
      if (gathered.length > 0) await start(gathered);
      gathered = [];
      await inFlight;
    },
  };
};
