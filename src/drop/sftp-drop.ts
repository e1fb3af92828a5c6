import { Readable } from 'node:stream';
import type { FileEntryWithStats, Stats } from 'ssh2';
import type { SafeName } from '../safe-name.ts';
import { DropFault, placeOf, type Drop, type Entry, type Learned, type Outgoing, type SftpSpec } from './drop.ts';
import { faultOf, meanings, outcomeUnknown, type Step } from './fault-table.ts';
import { putFile, taken, type Moves } from './put.ts';
import { openSource } from './source.ts';
import { plainBytes, type Link } from './sftp-link.ts';
import { readAll } from './sftp-read.ts';
import { writeAll } from './sftp-write.ts';

/** The folder as the server shall see it: relative ones start where the server puts the user. */
const folderOf = (spec: SftpSpec): string => spec.folder.replace(/(?<=.)\/+$/, '') || '.';

const pathIn = (spec: SftpSpec, name: string): string => {
  const folder = folderOf(spec);
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
};

/** The window of an OpenSSH channel: what may be under way before the server says that it has taken some of it. */
const windowBytes = 2 * 1024 * 1024;

interface Place {
  spec: SftpSpec;
  link: Link;
  path(name: string): string;
  step(operation: string, name: string): Step;
}

const onFolder = (spec: SftpSpec, operation: string): Step => ({
  operation,
  object: `${folderOf(spec)} at ${spec.name}`,
  inFolder: false,
});

const statusOf = (error: unknown): unknown =>
  error instanceof DropFault ? (error.cause as { code?: unknown } | undefined)?.code : undefined;

const unlessMissing = (error: unknown): undefined => {
  if (error instanceof DropFault && error.code === 'missing') return undefined;
  throw error;
};

/** `lstat`, so that a link that leads nowhere counts as taken, as it does for the server's rename. */
const look = async ({ link, path, step }: Place, name: SafeName): Promise<Entry | undefined> => {
  const found = await link.line
    .ask<Stats>(step('look at', name), (done) => link.sftp.lstat(path(name), done))
    .catch(unlessMissing);
  return found && { name, bytes: found.size, modifiedAt: found.mtime * 1000 };
};

const remove = async ({ link, path, step }: Place, name: SafeName): Promise<void> => {
  await link.line.ask<void>(step('remove', name), (done) => link.sftp.unlink(path(name), done)).catch(unlessMissing);
};

const uploadOnce = async (at: Place, file: Outgoing, progress: (bytes: number) => void, concurrency: number) => {
  const { link, path, step } = at;
  const { line, sftp } = link;
  const close = (handle: Buffer) => line.ask<void>(step('close', file.partial), (done) => sftp.close(handle, done));
  const source = await openSource(file);
  try {
    const handle = await line.ask<Buffer>(step('create', file.partial), (done) =>
      sftp.open(path(file.partial), 'w', done),
    );
    try {
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
      await line.wait(
        step('write', file.partial),
        writing,
        () => done + line.socket.bytesWritten - line.socket.writableLength,
      );
      if (link.offers('fsync@openssh.com')) await sync(at, file, handle);
    } catch (error) {
      await close(handle).catch(() => undefined);
      throw error;
    }
    await close(handle);
  } finally {
    await source.close();
  }
};

const sync = async ({ link, step }: Place, file: Outgoing, handle: Buffer): Promise<void> => {
  try {
    await link.line.ask<unknown>(step('sync', file.partial), (done) => link.sftp.ext_openssh_fsync(handle, done));
  } catch (error) {
    // 8: offered in general, but not here. Anything else may mean that bytes are lost.
    if (statusOf(error) !== 8) throw error;
  }
};

/** Whether the server's disk is full, where it can say so. */
const isFull = async ({ link, spec }: Place): Promise<boolean> => {
  if (!link.offers('statvfs@openssh.com')) return false;
  type Space = { f_bavail: number; f_frsize: number };
  const space = await link.line
    .ask<Space>(onFolder(spec, 'measure'), (done) => link.sftp.ext_openssh_statvfs(folderOf(spec), done))
    .catch(() => undefined);
  return space !== undefined && space.f_bavail * space.f_frsize < link.writeBytes;
};

/**
 * With all the writes in flight that the spec allows; a server that refuses writes then gets the whole file once more
 * with one plain write at a time, unless its disk is full.
 */
const upload = async (at: Place, file: Outgoing, progress: (bytes: number) => void): Promise<void> => {
  for (let concurrency = at.spec.concurrency; ; concurrency = 1) {
    try {
      return await uploadOnce(at, file, progress, concurrency);
    } catch (error) {
      if (!(error instanceof DropFault) || error.code !== 'refused' || at.link.line.lost !== undefined) throw error;
      if (await isFull(at)) throw faultOf(meanings.full, at.step('write', file.partial), '', error);
      if (concurrency === 1) throw error;
    }
  }
};

const sendRename = async ({ link, path, step, spec }: Place, file: Outgoing): Promise<void> => {
  const [from, to] = [path(file.partial), path(file.name)];
  const replacing = spec.replace && link.offers('posix-rename@openssh.com');
  await link.line.ask<void>(step('rename', file.name), (done) =>
    replacing ? link.sftp.ext_openssh_rename(from, to, done) : link.sftp.rename(from, to, done),
  );
};

/** Only an answer of the server says for sure that nothing was renamed; 6 and 7 say that it does not know itself. */
const isRefusal = (error: unknown): boolean => {
  const status = statusOf(error);
  return typeof status === 'number' && status !== 6 && status !== 7;
};

const rename = async (at: Place, file: Outgoing): Promise<void> => {
  if (at.link.line.lost !== undefined) return at.link.line.wait(at.step('rename', file.name), Promise.resolve());
  try {
    return await sendRename(at, file);
  } catch (error) {
    if (!isRefusal(error)) throw outcomeUnknown(at.step('rename', file.name), error);
    // Servers refuse an existing name with a bare "failure": look whether it is that.
    if (!(await look(at, file.name).catch(() => undefined))) throw error;
    if (!at.spec.replace) throw taken(at.spec.name, file.name, error);
  }
  // `replace` on a server whose rename does not replace: for a moment neither is there, but never half a file.
  await remove(at, file.name);
  await sendRename(at, file).catch((error: unknown) => {
    throw isRefusal(error) ? error : outcomeUnknown(at.step('rename', file.name), error);
  });
};

const isFolder = ({ attrs, longname }: FileEntryWithStats): boolean =>
  attrs.mode ? !attrs.isFile() : longname.startsWith('d');

const list = async ({ link, spec }: Place): Promise<Entry[]> => {
  const { line, sftp } = link;
  const step = onFolder(spec, 'list');
  const handle = await line.ask<Buffer>(step, (done) => sftp.opendir(folderOf(spec), done));
  const entries: Entry[] = [];
  try {
    for (;;) {
      const found = await line
        .ask<FileEntryWithStats[]>(step, (done) => sftp.readdir(handle, done))
        .catch((error: unknown) => {
          if (statusOf(error) === 1) return undefined;
          throw error;
        });
      if (!found) return entries;
      for (const entry of found.filter((each) => !isFolder(each)))
        entries.push({ name: entry.filename, bytes: entry.attrs.size, modifiedAt: entry.attrs.mtime * 1000 });
    }
  } finally {
    await line.ask<void>(step, (done) => sftp.close(handle, done)).catch(() => undefined);
  }
};

const fetch = async ({ link, path, step, spec }: Place, name: SafeName): Promise<Readable> => {
  const { line, sftp } = link;
  const reading = step('fetch', name);
  const handle = await line.ask<Buffer>(reading, (done) => sftp.open(path(name), 'r', done));
  const found = await line.ask<Stats>(reading, (done) => sftp.fstat(handle, done));
  return Readable.from(readAll(link, reading, handle, found.size, spec.concurrency), { objectMode: false });
};

/** The drop behind a signed-in connection. Fault `folder` when the folder is not there. */
export const makeSftpDrop = async (
  spec: SftpSpec,
  link: Link,
  close: () => Promise<void>,
  learned: Learned,
): Promise<Drop> => {
  const at: Place = {
    spec,
    link,
    path: (name) => pathIn(spec, name),
    step: (operation, name) => ({ operation, object: `${name} at ${spec.name}`, inFolder: true }),
  };
  const opening = onFolder(spec, 'open');
  const folder = await link.line.ask<Stats>(opening, (done) => link.sftp.stat(folderOf(spec), done));
  if (!folder.isDirectory())
    throw faultOf({ ...meanings.folder, reason: 'it is not a folder' }, opening, '', undefined);
  const moves: Moves = {
    label: spec.name,
    look: (name) => look(at, name),
    upload: (file, progress) => upload(at, file, progress),
    rename: (file) => rename(at, file),
    remove: (name) => remove(at, name),
  };
  return {
    place: placeOf(spec),
    learned,
    put: (file, steps) => putFile(moves, file, steps, spec.replace),
    list: () => list(at),
    look: moves.look,
    fetch: (name) => fetch(at, name),
    remove: moves.remove,
    close,
  };
};
