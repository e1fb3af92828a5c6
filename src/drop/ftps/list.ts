import type { FileInfo } from 'basic-ftp';
import type { DropFault } from '../drop.ts';
import { faultOf, type Step } from '../fault-table.ts';
import { replyOf } from './faults.ts';
import type { Link } from './link.ts';
import { openTransfer, received } from './transfer.ts';

/** What a folder's list says. */
export interface Listed {
  /** The list as it came, line by line, for what cannot be read in it. */
  lines: string[];
  entries: FileInfo[];
}

/** A list of some 300,000 files. */
const longestList = 64 * 1024 * 1024;

const tooLong = (step: Step): DropFault =>
  faultOf(
    { code: 'refused', next: 'hold', hint: 'have old files removed from the folder', reason: 'its list does not end' },
    step,
    '',
    undefined,
  );

const rawList = async (link: Link, step: Step, verb: string, folder: string | undefined): Promise<string> => {
  const transfer = await openTransfer(link, step, verb, folder);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of received(link, step, transfer)) {
    bytes += chunk.length;
    if (bytes > longestList) throw tooLong(step);
    chunks.push(chunk);
  }
  const { code, message } = await transfer.ended;
  // vsftpd says so with a 226, after an empty list.
  if (bytes === 0 && /fail|denied/i.test(message))
    throw Object.assign(new Error(message), { code: Math.max(code, 550) });
  return Buffer.concat(chunks).toString('utf8');
};

const read = (link: Link, step: Step, text: string): Listed => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  try {
    return { lines, entries: link.parseList(text) };
  } catch (error) {
    const hint = 'the server lists its files in a form that nobody knows: ask for MLSD, or set "confirm: none"';
    throw faultOf({ code: 'blind', next: 'hold', hint }, step, 'the list cannot be read', error);
  }
};

/** `LIST -a` shows dot-files, among them ours in flight; a server that takes `-a` for a name shows nothing, not even `.`. */
const hasDots = ({ lines }: Listed): boolean => lines.some((line) => /\s\.$/.test(line));

const both = (a: Listed, b: Listed): Listed => ({
  lines: [...a.lines, ...b.lines],
  entries: [...a.entries, ...b.entries.filter(({ name }) => !a.entries.some((entry) => entry.name === name))],
});

const unknownVerb = [500, 501, 502, 504];

/**
 * What is in a folder, dot-files included as far as the server shows them; `folder` undefined: the drop's. MLSD where it
 * is offered, as its facts are exact; but it leaves out links that lead nowhere, so who looks whether a name is free
 * asks for `links` and gets LIST first.
 */
export const listFolder = async (
  link: Link,
  step: Step,
  folder?: string,
  want: 'facts' | 'links' = 'facts',
): Promise<Listed> => {
  const list = async (verb: string, argument = folder) => read(link, step, await rawList(link, step, verb, argument));
  const facts = async (): Promise<Listed | undefined> => {
    if (!link.features.has('MLST')) return undefined;
    return list('MLSD').catch((error: unknown) => {
      if (!unknownVerb.includes(replyOf(error) ?? 0)) throw error;
      return undefined;
    });
  };
  const exact = want === 'facts' ? await facts() : undefined;
  if (exact) return exact;
  const dotted = await list('LIST', folder === undefined ? '-a' : `-a ${folder}`).catch((error: unknown) => {
    if (replyOf(error) === undefined || replyOf(error) === 421) throw error;
    return undefined;
  });
  if (dotted && hasDots(dotted)) return dotted;
  const plain = (want === 'links' ? await facts() : undefined) ?? (await list('LIST'));
  return both(plain, dotted ?? { lines: [], entries: [] });
};
