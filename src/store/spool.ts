import { randomBytes } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asFault } from '../fault.ts';
import type { SafeName } from '../safe-name.ts';
import { sharedSync } from './shared-sync.ts';

/** A spool file that is being written. */
export interface Draft {
  handle: FileHandle;
  /** What was written so far, from its first byte. */
  read(): ReadStream;
  /** Makes the bytes last: fsync file, rename, fsync folder. Resolves to the spool name. */
  keep(): Promise<string>;
  /** Throws the bytes away. */
  drop(): Promise<void>;
}

/** Our folder of exact bytes: a file is written once, under a random name, and never changed. */
export interface Spool {
  folder: string;
  pathOf(name: string): string;
  draft(): Promise<Draft>;
  read(name: string): ReadStream;
  /** Removes one file; not an error when it is not there. */
  remove(name: string): Promise<void>;
  /** Removes those of our files that are older than `before` (ms) and not in `keep`; resolves to the names removed. */
  sweep(keep: ReadonlySet<string>, before: number): Promise<string[]>;
  /** Writes a small note that outlives the database, under `notes/`: whole and lasting, in place of the one before. */
  note(name: SafeName, text: string): Promise<void>;
  /** A note's text; undefined when there is none. */
  noted(name: SafeName): Promise<string | undefined>;
}

/** Names that we gave, of whole files and of drafts. Nothing else in the folder is ever touched. */
const ours = /^\.?[0-9a-f]{32}$/;

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Opens the folder, making it when missing. Faults: `disk-full`, `read-only`, `denied`. */
export const openSpool = async (folder: string): Promise<Spool> => {
  const guard = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asFault(error, operation, folder);
    }
  };
  await guard('open the spool', () => mkdir(folder, { recursive: true }));
  const draft = (): Promise<Draft> => guard('write to the spool', () => makeDraft(folder, sync));
  const sync = sharedSync(() => syncFolder(folder));
  const sweep = async (keep: ReadonlySet<string>, before: number): Promise<string[]> => {
    const removed: string[] = [];
    for (const name of await readdir(folder)) {
      if (!ours.test(name) || keep.has(name)) continue;
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (!found?.isFile() || found.mtimeMs >= before) continue;
      await rm(join(folder, name), { force: true });
      removed.push(name);
    }
    return removed;
  };
  return {
    folder,
    pathOf: (name) => join(folder, name),
    draft,
    read: (name) => createReadStream(join(folder, name), { highWaterMark: 1 << 18 }),
    remove: (name) => rm(join(folder, name), { force: true }),
    sweep,
    note: (name, text) => guard('write to the spool', () => writeNote(join(folder, 'notes'), name, text)),
    noted: (name) => guard('read from the spool', () => readNote(join(folder, 'notes', name))),
  };
};

const writeNote = async (folder: string, name: SafeName, text: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const handle = await open(join(folder, `.${name}`), 'w', 0o640);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(join(folder, `.${name}`), join(folder, name));
  await syncFolder(folder);
};

const readNote = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const makeDraft = async (folder: string, sync: () => Promise<void>): Promise<Draft> => {
  const name = randomBytes(16).toString('hex');
  const drafting = join(folder, `.${name}`);
  const handle = await open(drafting, 'wx', 0o640);
  return {
    handle,
    read: () => createReadStream(drafting, { highWaterMark: 1 << 18 }),
    keep: async () => {
      try {
        await handle.sync();
        await handle.close();
        await rename(drafting, join(folder, name));
        await sync();
        return name;
      } catch (error) {
        throw asFault(error, 'write to the spool', folder);
      }
    },
    drop: async () => {
      await handle.close().catch(() => undefined);
      await rm(drafting, { force: true });
    },
  };
};
