import type { FileEntryWithStats, Stats } from 'ssh2';
import type { SafeName } from '../../safe-name.ts';
import { enoughRead, type Entry, type Learned } from '../drop.ts';
import { blindFault, faultOf, type Meaning } from '../fault-table.ts';
import { readAll } from './read.ts';
import { declines, folderOf, onFolder, type Place, statusOf, unlessMissing } from './place.ts';

/** `lstat`, so that a link that leads nowhere counts as taken, as it does for the server's rename. */
const byName = async ({ link, path, step }: Place, name: SafeName): Promise<Entry | undefined> => {
  const found = await link.line
    .get<Stats>(step('look at', name), (done) => link.sftp.lstat(path(name), done))
    .catch(unlessMissing);
  if (found && !Number.isSafeInteger(found.size)) throw new NoSize();
  return found && { name, bytes: found.size, modifiedAt: found.mtime * 1000 };
};

const isFolder = ({ attrs, longname }: FileEntryWithStats): boolean =>
  attrs.mode ? !attrs.isFile() : longname.startsWith('d');

/** Names in one folder that are listened to; a list that goes on is taken for one without end. */
const mostEntries = 250_000;

const endlessList: Meaning = {
  code: 'refused',
  next: 'retry',
  reason: `it lists more than ${mostEntries} names`,
  hint: 'have old files removed from the folder, or use another',
};

async function* entriesOf({ link, spec }: Place, folder: string): AsyncGenerator<FileEntryWithStats> {
  const { line, sftp } = link;
  const step = onFolder(spec, 'list', folder);
  const handle = await line.get<Buffer>(step, (done) => sftp.opendir(folder, done));
  let entries = 0;
  try {
    for (;;) {
      const found = await line
        .ask<FileEntryWithStats[]>(step, (done) => sftp.readdir(handle, done))
        .catch((error: unknown) => {
          if (statusOf(error) === 1) return undefined;
          throw error;
        });
      if (!found || found.length === 0) return;
      if ((entries += found.length) > mostEntries) throw faultOf(endlessList, step, '', undefined);
      yield* found;
    }
  } finally {
    await line.ask<void>(step, (done) => sftp.close(handle, done)).catch(() => undefined);
  }
}

const asEntry = ({ filename, attrs }: FileEntryWithStats): Entry => ({
  name: filename,
  bytes: attrs.size,
  modifiedAt: attrs.mtime * 1000,
});

/** The files in the drop's folder. */
export const list = async (at: Place): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for await (const entry of entriesOf(at, folderOf(at.spec))) if (!isFolder(entry)) entries.push(asEntry(entry));
  return entries;
};

const folded = (name: string): string => name.normalize('NFC').toLowerCase();

/** What is to be told of a server's names by a list in which two differ in case only, or ours stands in another case. */
const learnNames = (learned: Learned, names: readonly string[], twin: string | undefined): void => {
  if (new Set(names.map(folded)).size < new Set(names).size) learned.names = 'exact';
  else if (twin !== undefined) learned.names = 'folded';
};

/** In the list of the folder: by the exact name, or by a name that differs in case only where the server does not tell them apart. */
const byList = async (at: Place, name: SafeName): Promise<Entry | undefined> => {
  const path = at.path(name);
  const entries: FileEntryWithStats[] = [];
  for await (const entry of entriesOf(at, path.slice(0, path.lastIndexOf('/')) || '/')) entries.push(entry);
  const exact = entries.find(({ filename }) => filename === name);
  const twin = exact ?? entries.find(({ filename }) => folded(filename) === folded(name));
  const names = entries.map(({ filename }) => filename);
  learnNames(at.learned, names, exact ? undefined : twin?.filename);
  const found = at.learned.names === 'exact' ? exact : twin;
  if (found && !Number.isSafeInteger(found.attrs.size)) throw new NoSize();
  return found && asEntry(found);
};

/** The list shows the name and not its size. */
class NoSize extends Error {}

/** Opened for reading: the server says its size, or it is counted, to the end or past `most`. */
const byReading = async (at: Place, name: SafeName, most: number): Promise<Entry | undefined> => {
  const { link, path, step } = at;
  const { line, sftp } = link;
  const looking = step('look at', name);
  const handle = await line.get<Buffer>(looking, (done) => sftp.open(path(name), 'r', done)).catch(unlessMissing);
  if (!handle) return undefined;
  const found = await line.get<Stats>(looking, (done) => sftp.fstat(handle, done)).catch(() => undefined);
  if (found) {
    await line.ask<void>(looking, (done) => sftp.close(handle, done));
    return { name, bytes: found.size, modifiedAt: found.mtime * 1000 };
  }
  let bytes = 0;
  for await (const piece of readAll(link, looking, handle, undefined, 1)) if ((bytes += piece.length) > most) break;
  return { name, bytes };
};

const ways = { 'by name': byName, 'by list': byList, 'by reading': byReading } as const;
type Way = keyof typeof ways;

const inOrder = (known: Learned['looks']): Way[] => {
  const all = Object.keys(ways) as Way[];
  return known === undefined || known === 'not' ? all : [known, ...all.filter((way) => way !== known)];
};

/** A bare "failure" (4) may mean anything; another way of looking tells more than trying again. */
const goesOn = (error: unknown): boolean => error instanceof NoSize || declines(error) || statusOf(error) === 4;

/**
 * One file: by name, or where the server does not let us, in the list of its folder, or by reading it. The way that
 * worked is learned and taken first from then on. Fault `blind` when there is none.
 */
export const look = async (at: Place, name: SafeName, most = enoughRead): Promise<Entry | undefined> => {
  const bytes = at.written.get(name);
  if (bytes !== undefined && at.learned.looks !== 'by name') return { name, bytes };
  let refusal: unknown;
  for (const way of inOrder(at.learned.looks)) {
    try {
      const found = await ways[way](at, name, most);
      at.learned.looks = way;
      return found;
    } catch (error) {
      if (!goesOn(error)) throw error;
      refusal = error;
    }
  }
  at.learned.looks = 'not';
  throw blindFault(at.step('look at', name), refusal);
};
