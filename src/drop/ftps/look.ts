import { DropFault, enoughRead, isPartial, type Entry } from '../drop.ts';
import { blindFault } from '../fault-table.ts';
import { replyOf } from './faults.ts';
import type { Link } from './link.ts';
import { listFolder, type Listed } from './list.ts';
import { onFolder, partialFolderOf, folderOf, type Place } from './place.ts';
import { openTransfer, received } from './transfer.ts';

/** What a server says of a file: what it has; that it is not there; or nothing. */
type Told = Entry | 'absent' | 'untold';

/** A refusal that is about the file, as against one to the question itself. A no for now, or none at all, is thrown. */
const refusal = (error: unknown): 'absent' | 'untold' => {
  const reply = replyOf(error);
  if (reply === undefined || (reply < 500 && reply !== 450) || !(error instanceof DropFault)) throw error;
  return (reply === 550 || reply === 450) && error.code !== 'denied' ? 'absent' : 'untold';
};

/** `20261121154933.123` (RFC 3659, 2.3), always UTC. */
const instantOf = (digits: string | undefined): number | undefined => {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/
    .exec(digits ?? '')
    ?.slice(1)
    .map(Number);
  if (!parts) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
};

const entryOf = (name: string, bytes: number, modifiedAt: number | undefined): Entry => ({
  name,
  bytes,
  ...(modifiedAt !== undefined && { modifiedAt }),
});

const bySize = async ({ link, path, step }: Place, name: string): Promise<Told> => {
  try {
    const { message } = await link.ask(step('look at', name), 'SIZE', path(name));
    const digits = /^213[ -]\s*(\d{1,15})\b/.exec(message)?.[1];
    return digits === undefined ? 'untold' : { name, bytes: Number(digits) };
  } catch (error) {
    return refusal(error);
  }
};

const byFacts = async ({ link, path, step }: Place, name: string): Promise<Told> => {
  if (!link.features.has('MLST')) return 'untold';
  try {
    const { message } = await link.ask(step('look at', name), 'MLST', path(name));
    const fact = (key: string) => new RegExp(`[ ;]${key}=([^;]*);`, 'i').exec(message)?.[1];
    const digits = fact('size');
    return digits === undefined ? 'untold' : entryOf(name, Number(digits), instantOf(fact('modify')));
  } catch (error) {
    return refusal(error);
  }
};

/** SIZE, and MLST where that does not tell. */
const byName = async (at: Place, name: string): Promise<Told> => {
  const size = await bySize(at, name);
  if (typeof size === 'object') return size;
  const facts = await byFacts(at, name);
  // SIZE that is offered and says another no than for a missing file: the file is not missing, whatever MLST says.
  if (facts === 'absent' && size === 'untold' && at.link.features.has('SIZE')) return 'untold';
  return facts === 'untold' ? size : facts;
};

/** The name that a line of a list is about, as far as it can be read. */
const nameIn = (link: Link, line: string): string | undefined => {
  try {
    return link.parseList(line)[0]?.name;
  } catch {
    return undefined;
  }
};

/** The file in its folder's list; a line that cannot be read but ends with the name counts as a file of unknown size. */
const inList = (link: Link, { entries, lines }: Listed, name: string): Entry | undefined => {
  const found = entries.find((entry) => entry.name === name);
  if (found) return entryOf(name, found.size, found.modifiedAt?.getTime());
  const names = new Set(entries.map((entry) => entry.name));
  const unread = (line: string) => !names.has(nameIn(link, line) ?? '');
  const ours = (line: string) => line.endsWith(` ${name}`) || line.includes(` ${name} -> `);
  return lines.some((line) => ours(line) && unread(line)) ? { name, bytes: NaN } : undefined;
};

const byList = async ({ link, spec, path }: Place, name: string): Promise<Told> => {
  const apart = isPartial(name) && partialFolderOf(spec) !== folderOf(spec);
  const folder = apart ? path(name).replace(/(?<=.)\/[^/]*$/, '') : undefined;
  try {
    const listed = await listFolder(link, onFolder(spec, 'list', folder), folder, 'links');
    return inList(link, listed, name) ?? (listed.lines.length === 0 ? 'untold' : 'absent');
  } catch (error) {
    if (!(error instanceof DropFault && error.code === 'blind')) refusal(error);
    return 'untold';
  }
};

const byReading = async ({ link, path, step }: Place, name: string, most: number): Promise<Told> => {
  const looking = step('look at', name);
  try {
    let bytes = 0;
    const transfer = await openTransfer(link, looking, 'RETR', path(name));
    for await (const chunk of received(link, looking, transfer)) if ((bytes += chunk.length) > most) break;
    return { name, bytes };
  } catch (error) {
    return refusal(error);
  }
};

const isFound = (told: Told): told is Entry => typeof told === 'object';

/** By its bytes, where its folder's list does not tell its size or there is none. */
const byBytes = async (at: Place, name: string, listed: Told, most: number): Promise<Entry | undefined> => {
  const read = await byReading(at, name, most);
  if (isFound(listed) && !isFound(read)) return listed;
  at.learned.looks = read === 'untold' ? 'not' : 'by reading';
  if (read === 'untold') throw blindFault(at.step('look at', name), undefined);
  return isFound(read) ? read : undefined;
};

/**
 * One file: by name (SIZE, MLST), then in the list of its folder, then by reading it, as far as the server lets us. That
 * a file is absent is believed of a name only where there is no list: servers answer the same no to a link that leads
 * nowhere and to a folder. Fault `blind` when nothing tells.
 */
export const look = async (at: Place, name: string, most = enoughRead): Promise<Entry | undefined> => {
  const { learned } = at;
  const skips = learned.looks === 'by list' || learned.looks === 'by reading';
  const named = skips ? 'untold' : await byName(at, name);
  if (isFound(named)) {
    learned.looks = 'by name';
    return named;
  }
  const listed = learned.looks === 'by reading' ? 'untold' : await byList(at, name);
  const sure = isFound(listed) ? !Number.isNaN(listed.bytes) : listed === 'absent' || named === 'absent';
  if (!sure) return byBytes(at, name, listed, most);
  // A name that is told of only in the list: the server does not answer by name, whatever it said of one that is absent.
  if (isFound(listed)) learned.looks = 'by list';
  else learned.looks ??= named === 'absent' ? 'by name' : 'by list';
  return isFound(listed) ? listed : undefined;
};

/** As `look`, with the time of its last change where the server says so. */
export const lookWithTime = async (at: Place, name: string, most?: number): Promise<Entry | undefined> => {
  const found = await look(at, name, most);
  if (!found || found.modifiedAt !== undefined || !at.link.features.has('MDTM')) return found;
  try {
    const { message } = await at.link.ask(at.step('look at', name), 'MDTM', at.path(name));
    return entryOf(name, found.bytes, instantOf(/\d{14}/.exec(message)?.[0]));
  } catch (error) {
    if (replyOf(error) === undefined || replyOf(error) === 421) throw error;
    return found;
  }
};

/** Bytes there under this name, asked of one connection; undefined when it does not tell. */
export const sizeOf = async (at: Place, name: string, most?: number): Promise<number | undefined> =>
  (await look(at, name, most))?.bytes;
