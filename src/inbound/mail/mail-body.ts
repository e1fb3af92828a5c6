import { Readable } from 'node:stream';
import type { KeepThread } from '../../store/keep-thread.ts';
import type { Draft, Spool } from '../../store/spool.ts';

/** The bytes of a mail while it comes in. Nothing of it lasts before `keep`. */
export interface MailBody {
  write(block: Buffer): Promise<void>;
  /** What was written so far, from its first byte. */
  read(): Readable;
  /** Makes the bytes last; resolves to the spool name. Called once; afterwards nothing is read or written here. */
  keep(): Promise<string>;
  /** Throws the bytes away; nothing happens when they are kept. */
  drop(): Promise<void>;
}

/** Where the bytes of mails go. */
export interface Bodies {
  begin(): MailBody;
  close(): Promise<void>;
}

/** How much of one mail, and of all mails under way, is held in memory, bytes. What does not fit goes into a draft. */
export interface Holding {
  ofOne: number;
  ofAll: number;
}

const usual: Holding = { ofOne: 256 * 1024, ofAll: 32 * 1024 ** 2 };
const smallest = 16 * 1024;

/** Small mails are held in memory until they are whole and kept by a thread; what is larger goes into a draft of the spool. */
export const makeBodies = (spool: Spool, thread: KeepThread, holding: Holding = usual): Bodies => {
  const memory = makeMemory(holding);
  return { begin: () => makeBody(spool, thread, memory), close: thread.close };
};

interface Memory {
  /** The same bytes in a piece that has room for so many; undefined when that would be too much. */
  grow(held: Buffer<ArrayBuffer>, used: number, needed: number): Buffer<ArrayBuffer> | undefined;
  /** A piece of so many bytes is held no more. */
  give(bytes: number): void;
}

const makeMemory = ({ ofOne, ofAll }: Holding): Memory => {
  let inUse = 0;
  return {
    grow: (held, used, needed) => {
      let room = Math.max(held.length, smallest);
      while (room < needed) room *= 2;
      const more = room - held.length;
      if (needed > ofOne || inUse + more > ofAll) return undefined;
      inUse += more;
      // Of its own and not of a pool, so that it can be given to the thread.
      const next = more === 0 ? held : Buffer.allocUnsafeSlow(room);
      if (next !== held) held.copy(next, 0, 0, used);
      return next;
    },
    give: (bytes) => void (inUse -= bytes),
  };
};

const makeBody = (spool: Spool, thread: KeepThread, memory: Memory): MailBody => {
  let held = Buffer.alloc(0);
  let bytes = 0;
  let draft: Draft | undefined;
  const letGo = (): void => {
    memory.give(held.length);
    held = Buffer.alloc(0);
  };
  const spill = async (): Promise<Draft> => {
    draft = await spool.draft();
    await draft.handle.writeFile(held.subarray(0, bytes));
    letGo();
    return draft;
  };
  return {
    write: async (block) => {
      const room = draft ? undefined : memory.grow(held, bytes, bytes + block.length);
      if (!room) return (draft ?? (await spill())).handle.writeFile(block);
      held = room;
      bytes += block.copy(held, bytes);
    },
    read: () => draft?.read() ?? Readable.from([held.subarray(0, bytes)]),
    keep: async () => {
      if (draft) return draft.keep();
      const [given, size] = [held.subarray(0, bytes), held.length];
      held = Buffer.alloc(0);
      return thread.keep(given).finally(() => memory.give(size));
    },
    drop: async () => {
      letGo();
      await draft?.drop();
    },
  };
};
