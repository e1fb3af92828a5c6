import { closeSync, fsync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

/** Contents, and the spool names under which they are to last. */
export type ToKeepWorker = readonly { name: string; bytes: Uint8Array }[];
/** Undefined: all of them last. Else none is left, and this is why; a code such as `ENOSPC` would be lost on an Error. */
export type FromKeepWorker = { message: string; code: unknown } | undefined;

const sync = promisify(fsync);

/** The syncs run side by side, so that the file system's journal takes them as few commits; the rest is quicker one by one. */
const writeAll = async (folder: string, files: ToKeepWorker): Promise<void> => {
  const handles: number[] = [];
  try {
    for (const { name, bytes } of files) {
      const handle = openSync(join(folder, name), 'wx', 0o640);
      handles.push(handle);
      writeFileSync(handle, bytes);
    }
    const synced = await Promise.allSettled(handles.map((handle) => sync(handle)));
    for (const one of synced) if (one.status === 'rejected') throw one.reason;
  } finally {
    for (const handle of handles) closeSync(handle);
  }
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

const keepAll = async (folder: string, files: ToKeepWorker): Promise<FromKeepWorker> => {
  try {
    await writeAll(folder, files);
    return undefined;
  } catch (error) {
    for (const { name } of files) rmSync(join(folder, name), { force: true });
    const { message, code } = error as NodeJS.ErrnoException;
    return { message, code };
  }
};

/** A thread that makes small contents last. It is started by `keep-thread.ts` and talks only to it. */
const serve = (port: MessagePort, folder: string): void =>
  void port.on('message', (files: ToKeepWorker) => {
    void keepAll(folder, files).then((answer) => port.postMessage(answer));
  });

if (parentPort) serve(parentPort, workerData as string);
