import type { Readable } from 'node:stream';
import { asFault, Fault } from '../../fault.ts';
import { gunzip } from '../../file/gunzip.ts';
import { readZip, type UnpackMeter, unpackMeter } from '../../file/unzip.ts';
import type { Spool } from '../../store/spool.ts';
import { type Spooled, spoolFile } from '../submission/accept.ts';
import { sentenceOf } from '../submission/submission.ts';
import { candidateOf, entryCandidateOf } from './candidates.ts';
import { type Part, readParts } from './message.ts';

/** A file that came with a message; its bytes lie in the spool. */
export interface FoundFile extends Spooled {
  /** Its place in the message; `2/1` is the first entry of the archive in part 2. */
  part: string;
  /** Safe to show and to keep. */
  name: string;
  /** Why it cannot be taken, in sentences; null when it can. */
  trouble: string | null;
}

/** What a message carries. Plain data: it travels to another thread. */
export interface Found {
  files: FoundFile[];
  /** Names of parts that are no files for us: ignored ones, pictures, signatures. */
  aside: string[];
}

export interface FileLimits {
  /** Files of one message. */
  files: number;
  /** Bytes that may come out of all archives of one message. */
  unpackedBytes: number;
  /** Files in one archive. */
  entries: number;
}

export const fileLimits: FileLimits = { files: 50, unpackedBytes: 250_000_000, entries: 1000 };

const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && ('syscall' in error || isOfSystem(error.cause));

/**
 * Why a message could not be taken apart. What the system says (too many open files, a network folder that is stale) is
 * never the message's fault: it is tried again.
 */
export const messageFault = (error: unknown): Fault => {
  const fault = asFault(error, 'read', 'the message');
  if (fault.next !== 'bug' || !isOfSystem(error)) return fault;
  const { operation, object, reason, code } = fault;
  const hint = 'it is tried again; look at the disk and the system log';
  return new Fault({ operation, object, reason, hint, next: 'retry', code, cause: error });
};

/** Everything that one message has brought into the spool so far. */
interface Finding extends Found {
  spool: Spool;
  limits: FileLimits;
  meter: UnpackMeter;
}

const take = async (finding: Finding, about: Omit<FoundFile, keyof Spooled>, content: AsyncIterable<Buffer>) => {
  const { files, limits } = finding;
  if (files.length >= limits.files)
    throw new Fault({
      operation: 'read',
      object: 'the message',
      reason: `it has more than ${limits.files} files`,
      hint: 'send the files in several mails',
      next: 'refuse',
      code: 'too-many-files',
    });
  const file = { ...about, ...(await spoolFile(finding.spool, content)) };
  files.push(file);
  return file;
};

/** Takes what was found last out again. */
const giveBack = async ({ files, spool }: Finding, from: number, to = files.length): Promise<void> => {
  for (const { spool: name } of files.splice(from, to - from)) await spool.remove(name);
};

const fewOf = (causes: readonly string[]): string =>
  causes.length > 3 ? `${causes.slice(0, 3).join(' ')} And ${causes.length - 3} more.` : causes.join(' ');

/** Takes the files out of a zip archive; why some or all of it was not taken, if so. */
const unpackZip = async (finding: Finding, { part, spool }: FoundFile): Promise<string | undefined> => {
  const causes: string[] = [];
  const before = finding.files.length;
  let number = 0;
  for await (const { path, content } of readZip(finding.spool.pathOf(spool), {
    meter: finding.meter,
    entries: finding.limits.entries,
  })) {
    number++;
    const candidate = entryCandidateOf(path);
    const about = { part: `${part}/${number}`, name: candidate.name ?? '', trouble: null };
    if (candidate.kind === 'file') await take(finding, about, content());
    else if (candidate.kind === 'refused') causes.push(candidate.cause);
    else if (candidate.kind === 'ignored') finding.aside.push(candidate.name);
  }
  if (causes.length > 0) return `In the archive: ${fewOf(causes)}`;
  return finding.files.length > before
    ? undefined
    : 'The archive holds no .csv or .xml file. Pack the file and send it again.';
};

const unpackGzip = async (finding: Finding, { part, name, spool }: FoundFile): Promise<string | undefined> => {
  const inside = entryCandidateOf(name.replace(/\.gz$/i, ''));
  if (inside.kind === 'refused') return `In the archive: ${inside.cause}`;
  if (inside.kind !== 'file') return 'The archive holds no .csv or .xml file. Pack the file and send it again.';
  const about = { part: `${part}/1`, name: inside.name, trouble: null };
  await take(finding, about, gunzip(finding.spool.read(spool), finding.meter));
  return undefined;
};

/** An archive stays in the log only when something is wrong with it; of a damaged one nothing is taken. */
const unpack = async (finding: Finding, archive: FoundFile, packing: 'zip' | 'gzip'): Promise<void> => {
  const at = finding.files.indexOf(archive);
  try {
    const trouble = await (packing === 'zip' ? unpackZip : unpackGzip)(finding, archive);
    if (trouble === undefined) await giveBack(finding, at, at + 1);
    else archive.trouble = trouble;
  } catch (error) {
    if (!(error instanceof Fault) || error.next !== 'refuse' || error.code === 'too-many-files') throw error;
    await giveBack(finding, at + 1);
    archive.trouble = sentenceOf(error);
  }
};

const takePart = async (finding: Finding, part: Part): Promise<void> => {
  const candidate = candidateOf(part);
  const about = { part: part.place, name: candidate.name ?? '', trouble: null };
  switch (candidate.kind) {
    case 'file':
      return void (await take(finding, about, part.content));
    case 'refused':
      return void (await take(finding, { ...about, trouble: candidate.cause }, part.content));
    case 'archive':
      return unpack(finding, await take(finding, about, part.content), candidate.packing);
    case 'ignored':
    case 'noise':
      if (candidate.name !== undefined) finding.aside.push(candidate.name);
      return undefined;
    default:
      return candidate satisfies never;
  }
};

/**
 * Brings the files of a raw message into the spool, out of forwarded mails and archives too. Throws Fault (refuse) when
 * the message as a whole cannot be used, and system errors as they are; nothing of it stays in the spool then.
 */
export const findFiles = async (spool: Spool, raw: Readable, limits: FileLimits = fileLimits): Promise<Found> => {
  const finding: Finding = { spool, limits, meter: unpackMeter(limits.unpackedBytes), files: [], aside: [] };
  try {
    for await (const part of readParts(raw)) await takePart(finding, part);
    return { files: finding.files, aside: finding.aside };
  } catch (error) {
    await giveBack(finding, 0);
    throw error;
  }
};
