import type { Stats } from 'ssh2';
import { DropFault, isPartial, type Outgoing } from '../drop.ts';
import { faultOf, meanings, type Step } from '../fault-table.ts';
import { mustBeNew, taken } from '../put.ts';
import { openSource, type Source } from '../source.ts';
import { plainBytes } from './link.ts';
import { look } from './look.ts';
import { declines, folderOf, onFolder, partialFolderOf, type Place, statusOf } from './place.ts';
import { writeAll } from './write.ts';

/** The window of an OpenSSH channel: what may be under way before the server says that it has taken some of it. */
const windowBytes = 2 * 1024 * 1024;

/** Some servers take no name that begins with a dot, and say only that it is denied. */
const explained = (file: Outgoing, step: Step, error: unknown): unknown => {
  if (!(error instanceof DropFault) || error.code !== 'denied' || !isPartial(file.partial)) return error;
  const { code, next, reason } = error;
  const hint =
    "ask for write permission in the drop's folder, also for names that begin with a dot; if those are not allowed, set " +
    '"rename: false" for this drop and a "marker" for its feeds';
  return faultOf({ code, next, hint, reason }, step, reason, error);
};

/** Opening may be refused because the name exists; servers say so with a bare "failure". */
const create = async (at: Place, file: Outgoing, flags: 'w' | 'wx'): Promise<Buffer> => {
  const { link, path, spec } = at;
  const step: Step = { operation: 'create', object: `${file.partial} at ${spec.name}`, inFolder: false };
  try {
    return await link.line.get<Buffer>(step, (done) => link.sftp.open(path(file.partial), flags, done));
  } catch (error) {
    const exists =
      flags === 'wx' && statusOf(error) !== undefined && (await look(at, file.name).catch(() => undefined));
    throw exists ? taken(spec.name, file.name, error) : explained(file, step, error);
  }
};

const sync = async ({ link, step, learned }: Place, file: Outgoing, handle: Buffer): Promise<void> => {
  if (!link.offers('fsync@openssh.com')) return void (learned.syncs = false);
  try {
    await link.line.ask<unknown>(step('sync', file.partial), (done) => link.sftp.ext_openssh_fsync(handle, done));
    learned.syncs = true;
  } catch (error) {
    // Offered in general, but not here. Anything else may mean that bytes are lost.
    if (!declines(error)) throw error;
    learned.syncs = false;
  }
};

/** What the server says of the open file, where it does not let us look by name. */
const measure = async ({ link, step, learned, written }: Place, file: Outgoing, handle: Buffer): Promise<void> => {
  if (learned.looks === undefined || learned.looks === 'by name') return;
  const found = await link.line
    .get<Stats>(step('look at', file.partial), (done) => link.sftp.fstat(handle, done))
    .catch(() => undefined);
  if (found) written.set(file.partial, found.size);
};

const writeWith = async (
  { link, step }: Place,
  file: Outgoing,
  handle: Buffer,
  source: Source,
  concurrency: number,
  progress: (bytes: number) => void,
): Promise<void> => {
  const { line, sftp } = link;
  let done = 0;
  const chunkBytes = concurrency === 1 ? Math.min(plainBytes, link.writeBytes) : link.writeBytes;
  const writing = writeAll(sftp, handle, source, {
    // More than the channel's window would only wait in our memory.
    concurrency: Math.min(concurrency, Math.max(1, Math.floor(windowBytes / chunkBytes))),
    chunkBytes,
    taken: (bytes) => progress((done = bytes)),
    gather: () => line.gather(),
    stopped: () => line.lost !== undefined,
  });
  // On a slow line it takes long until a write is answered; bytes that leave this machine are progress too.
  const moved = () => done + line.socket.bytesWritten - line.socket.writableLength;
  await line.wait(step('write', file.partial), writing, moved);
};

const uploadOnce = async (
  at: Place,
  file: Outgoing,
  progress: (bytes: number) => void,
  how: { concurrency: number; flags: 'w' | 'wx'; created(): void },
): Promise<void> => {
  const { link, step } = at;
  const close = (handle: Buffer) =>
    link.line.ask<void>(step('close', file.partial), (done) => link.sftp.close(handle, done));
  const source = await openSource(file);
  try {
    const handle = await create(at, file, how.flags);
    how.created();
    try {
      await writeWith(at, file, handle, source, how.concurrency, progress);
      await sync(at, file, handle);
      await measure(at, file, handle);
    } catch (error) {
      await close(handle).catch(() => undefined);
      throw error;
    }
    await close(handle);
  } finally {
    await source.close();
  }
};

/** Whether the server's disk is full, where it can say so. */
const isFull = async ({ link, spec }: Place): Promise<boolean> => {
  if (!link.offers('statvfs@openssh.com')) return false;
  const folder = spec.rename === false ? folderOf(spec) : partialFolderOf(spec);
  type Space = { f_bavail: number; f_frsize: number };
  const space = await link.line
    .get<Space>(onFolder(spec, 'measure', folder), (done) => link.sftp.ext_openssh_statvfs(folder, done))
    .catch(() => undefined);
  return space !== undefined && space.f_bavail * space.f_frsize < link.writeBytes;
};

/**
 * With all the writes in flight that the spec allows; a server that refuses writes then gets the whole file once more
 * with one plain write at a time, unless its disk is full. Which of the two it was is learned.
 */
export const upload = async (at: Place, file: Outgoing, progress: (bytes: number) => void): Promise<void> => {
  const { spec, learned, link } = at;
  let flags: 'w' | 'wx' = mustBeNew(file, spec.replace) ? 'wx' : 'w';
  const created = () => void (flags = 'w');
  for (let concurrency = learned.writes === 'one' ? 1 : spec.concurrency; ; concurrency = 1) {
    try {
      await uploadOnce(at, file, progress, { concurrency, flags, created });
      if (concurrency === 1 && spec.concurrency > 1) learned.writes = 'one';
      // A file of one write says nothing about many.
      else if (concurrency > 1 && file.bytes > link.writeBytes) learned.writes = 'many';
      return;
    } catch (error) {
      if (!(error instanceof DropFault) || error.code !== 'refused' || link.line.lost !== undefined) throw error;
      if (await isFull(at)) throw faultOf(meanings.full, at.step('write', file.partial), '', error);
      if (concurrency === 1) throw error;
    }
  }
};
