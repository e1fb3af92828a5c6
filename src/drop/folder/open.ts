import { link, lstat, open, readdir, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { reached } from '../../commit-point.ts';
import { within } from '../deadline.ts';
import { DropFault, isPartial, placeOf, type Entry, type FolderSpec, type Outgoing } from '../drop.ts';
import { faultOf, meanings, outcomeUnknown, timeoutFault, type Step } from '../fault-table.ts';
import { folderFault, otherFileSystem, systemCode } from './faults.ts';
import { mustBeNew, putFile, taken, type Moves, type MovingDrop } from '../put.ts';
import { openSource } from '../source.ts';

const chunkBytes = 1024 * 1024;

interface Place {
  spec: FolderSpec;
  path(name: string): string;
  step(operation: string, name: string): Step;
  /** One step: explained when it fails, given up after the step's time (a network file system can hang). */
  run<T>(step: Step, work: Promise<T>, progress?: () => number): Promise<T>;
}

/** Whether this is the name that a partial has from just before its link until it is removed; see `linkingName`. */
const isLinking = (name: string): boolean => name.startsWith('.') && name.endsWith('.link');

const partialFolderOf = ({ folder, partialFolder }: FolderSpec): string => partialFolder ?? folder;

const placeFor = (spec: FolderSpec): Place => ({
  spec,
  path: (name) => join(isPartial(name) || isLinking(name) ? partialFolderOf(spec) : spec.folder, name),
  step: (operation, name) => ({ operation, object: `${name} at ${spec.name}`, inFolder: true }),
  run: async (step, work, progress) => {
    const late = () => timeoutFault(step, spec.stepTimeout, 'check the disk or the file server behind the folder');
    try {
      return await within(work, spec.stepTimeout, late, progress);
    } catch (error) {
      throw folderFault(error, step);
    }
  },
});

/** Nothing for what is not there; everything else is passed on. */
const unlessMissing = (error: unknown): undefined => {
  if (systemCode(error) === 'ENOENT') return undefined;
  throw error;
};

const entryOf = async (path: string, name: string): Promise<Entry | undefined> => {
  const found = await lstat(path).catch(unlessMissing);
  return found && { name, bytes: found.size, modifiedAt: found.mtimeMs };
};

const copy = async (file: Outgoing, target: FileHandle, count: (bytes: number) => void): Promise<void> => {
  const source = await openSource(file);
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let position = 0;
    for (;;) {
      const bytes = await source.read(buffer);
      if (bytes.length === 0) break;
      for (let done = 0; done < bytes.length;)
        done += (await target.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      position += bytes.length;
      count(position);
    }
    await target.sync();
  } finally {
    await source.close();
  }
};

const upload = async (at: Place, file: Outgoing, progress: (bytes: number) => void): Promise<void> => {
  const flags = mustBeNew(file, at.spec.replace) ? 'wx' : 'w';
  const creating: Step = { ...at.step('create', file.partial), inFolder: false };
  const target = await at.run(creating, open(at.path(file.partial), flags));
  let done = 0;
  const copying = copy(file, target, (bytes) => progress((done = bytes)));
  try {
    await at.run(at.step('write', file.partial), copying, () => done);
  } catch (error) {
    // A file that hangs cannot be closed either; it must not hold up the report.
    void copying.catch(() => undefined).then(() => target.close().catch(() => undefined));
    throw error;
  }
  await at.run(at.step('close', file.partial), target.close());
};

/** Makes the names in a folder last. File systems that cannot sync a folder say so and need no sync. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(systemCode(error))) throw error;
  } finally {
    await handle.close();
  }
};

/** What file systems without hard links say; there a look and a rename must do. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Gives the file its final name without ever overwriting: link(2) refuses a name that exists, rename(2) does not. */
const publish = async (from: string, to: string, replace: boolean): Promise<void> => {
  if (replace) return rename(from, to);
  try {
    return await link(from, to);
  } catch (error) {
    if (!withoutLinks.includes(systemCode(error))) throw error;
    if (await entryOf(to, to)) throw Object.assign(new Error('it exists', { cause: error }), { code: 'EEXIST' });
    return rename(from, to);
  }
};

/**
 * The name that a partial has from just before its link until it is removed: `.x.part` → `.x.link`. A crash in between
 * leaves this name and no partial name, so that nobody takes it for a file that was never published.
 */
const linkingName = (partial: string): string => (isPartial(partial) ? `${partial.slice(0, -5)}.link` : partial);

/** Says by name, and lastingly, that the file may be published from now on; not needed where one rename does it all. */
const announce = async (at: Place, partial: string): Promise<string> => {
  if (at.spec.replace || !isPartial(partial)) return at.path(partial);
  const linking = at.path(linkingName(partial));
  await rename(at.path(partial), linking);
  await syncFolder(partialFolderOf(at.spec));
  reached('5 announced');
  return linking;
};

const publishFile = async (at: Place, file: Outgoing): Promise<void> => {
  const to = at.path(file.name);
  const step = at.step('rename', file.name);
  const from = await at.run(step, announce(at, file.partial));
  try {
    await at.run(step, publish(from, to, at.spec.replace));
  } catch (error) {
    if (error instanceof DropFault && error.code === 'taken') throw taken(at.spec.name, file.name, error);
    // A late step may still take effect.
    throw error instanceof DropFault && error.code === 'timeout' ? outcomeUnknown(step, error) : error;
  }
  const last = unlink(from)
    .catch(unlessMissing)
    .then(() => syncFolder(at.spec.folder));
  await at.run(step, last).catch((error: unknown) => {
    throw outcomeUnknown(step, error);
  });
};

const remove = async (at: Place, name: string): Promise<void> => {
  await rm(at.path(name), { force: true });
  if (isPartial(name)) await rm(at.path(linkingName(name)), { force: true });
};

const listFolder = async (folder: string): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const found = entry.isFile() ? await entryOf(join(folder, entry.name), entry.name) : undefined;
    if (found) entries.push(found);
  }
  return entries;
};

async function* readAll(at: Place, step: Step, handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await at.run(step, handle.read({ buffer: Buffer.allocUnsafe(chunkBytes) }));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

const fetch = async (at: Place, name: string): Promise<Readable> => {
  const step = at.step('fetch', name);
  return Readable.from(readAll(at, step, await at.run(step, open(at.path(name), 'r'))), { objectMode: false });
};

const findFolder = async (at: Place, step: Step, folder: string): Promise<Stats> => {
  const found = await at.run(step, stat(folder));
  if (!found.isDirectory()) throw faultOf({ ...meanings.folder, reason: 'it is not a folder' }, step, '', undefined);
  return found;
};

/** Both folders are there, and a file can be renamed from one to the other. */
const findFolders = async (at: Place, step: Step): Promise<void> => {
  const { folder, partialFolder, name } = at.spec;
  const final = await findFolder(at, step, folder);
  if (partialFolder === undefined) return;
  const partial = await findFolder(at, { ...step, object: `partialFolder of ${name}` }, partialFolder);
  if (partial.dev !== final.dev) throw faultOf(otherFileSystem, step, '', undefined);
};

/** A drop that is a folder of this machine, a mounted one included. Faults: see `DropCode`. */
export const openFolder = async (spec: FolderSpec): Promise<MovingDrop> => {
  const at = placeFor(spec);
  const onFolder = (operation: string): Step => ({ operation, object: spec.name, inFolder: false });
  await findFolders(at, onFolder('open'));
  const moves: Moves = {
    label: spec.name,
    look: (name) => at.run(at.step('look at', name), entryOf(at.path(name), name)),
    upload: (file, progress) => upload(at, file, progress),
    rename: (file) => publishFile(at, file),
    remove: (name) => at.run(at.step('remove', name), remove(at, name)),
    fetch: (name) => fetch(at, name),
  };
  return {
    place: placeOf(spec),
    learned: {},
    moves,
    put: (file, steps) => putFile(moves, file, steps, spec),
    list: () => at.run(onFolder('list'), listFolder(spec.folder)),
    look: moves.look,
    fetch: (name) => fetch(at, name),
    remove: moves.remove,
    close: () => Promise.resolve(),
  };
};
