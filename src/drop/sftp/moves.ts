import { Readable } from 'node:stream';
import type { Stats } from 'ssh2';
import type { SafeName } from '../../safe-name.ts';
import { placeOf, type Learned, type SftpSpec } from '../drop.ts';
import { faultOf, meanings } from '../fault-table.ts';
import { putFile, type Moves, type MovingDrop } from '../put.ts';
import type { Link } from './link.ts';
import { list, look } from './look.ts';
import { declines, folderOf, makeSftpPlace, onFolder, partialFolderOf, type Place } from './place.ts';
import { readAll } from './read.ts';
import { remove, rename } from './rename.ts';
import { upload } from './upload.ts';

const fetch = async ({ link, path, step, spec, learned }: Place, name: SafeName): Promise<Readable> => {
  const { line, sftp } = link;
  const reading = step('fetch', name);
  const handle = await line.get<Buffer>(reading, (done) => sftp.open(path(name), 'r', done));
  const found = await line
    .get<Stats>(reading, (done) => sftp.fstat(handle, done))
    .catch((error: unknown) => {
      if (declines(error)) return undefined;
      throw error;
    });
  const concurrency = learned.writes === 'one' ? 1 : spec.concurrency;
  return Readable.from(readAll(link, reading, handle, found?.size, concurrency), { objectMode: false });
};

/**
 * Whether the folder is there: by name, or where the server does not let us, by opening it. If it does not let us do that
 * either, the upload will tell.
 */
const findFolder = async ({ link, spec, learned }: Place, folder: string): Promise<void> => {
  const { line, sftp } = link;
  const opening = onFolder(spec, 'open', folder);
  try {
    const found = await line.get<Stats>(opening, (done) => sftp.stat(folder, done));
    // It answers by name after all: what was learned otherwise may have been a folder without the right to search it.
    if (learned.looks !== 'by name') delete learned.looks;
    if (found.isDirectory()) return;
  } catch (error) {
    if (!declines(error)) throw error;
    const handle = await line
      .get<Buffer>(opening, (done) => sftp.opendir(folder, done))
      .catch((refusal: unknown) => {
        if (!declines(refusal)) throw refusal;
      });
    if (handle) await line.ask<void>(opening, (done) => sftp.close(handle, done));
    return;
  }
  throw faultOf({ ...meanings.folder, reason: 'it is not a folder' }, opening, '', undefined);
};

/** The drop behind a signed-in connection. Fault `folder` when the folder is not there. `learned` is added to. */
export const makeSftpDrop = async (
  spec: SftpSpec,
  link: Link,
  close: () => Promise<void>,
  learned: Learned,
): Promise<MovingDrop> => {
  const at = makeSftpPlace(spec, link, learned);
  await findFolder(at, folderOf(spec));
  if (partialFolderOf(spec) !== folderOf(spec)) await findFolder(at, partialFolderOf(spec));
  const moves: Moves = {
    label: spec.name,
    look: (name, most) => look(at, name, most),
    upload: (file, progress) => upload(at, file, progress),
    rename: (file) => rename(at, file),
    remove: (name) => remove(at, name),
    fetch: (name) => fetch(at, name),
  };
  return {
    place: placeOf(spec),
    learned,
    moves,
    put: (file, steps) => putFile(moves, file, steps, spec),
    list: () => list(at),
    look: moves.look,
    fetch: (name) => fetch(at, name),
    remove: moves.remove,
    close,
  };
};
