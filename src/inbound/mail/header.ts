import type { Readable } from 'node:stream';

/** One field of a message's header. */
export interface HeaderField {
  /** In lower case. */
  name: string;
  /** Unfolded, without the spaces around it. */
  value: string;
  /** As it was written, in bytes. */
  bytes: number;
}

/** A header, or why it is not read. */
export type Header = { fields: HeaderField[] } | { trouble: string };

/** More than any mail of a person has; what verifies signatures takes time with the square of it. */
export const headerLimits = { bytes: 256 * 1024, lines: 4000 };

const trouble = (reason: string): Header => ({ trouble: reason });

/** Where the first empty line behind `from` begins; undefined when there is none yet. */
const emptyLine = (text: string, from: number): number | undefined => {
  if (/^\r?\n/.test(text)) return 0;
  const found = /\n\r?\n/.exec(text.slice(from));
  return found ? from + found.index + 1 : undefined;
};

/** The bytes of the header as text, one character a byte; undefined when it is too long. Reads no further than needed. */
const headerText = async (raw: Readable): Promise<string | undefined> => {
  let text = '';
  try {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      const seen = Math.max(0, text.length - 2);
      text += chunk.toString('latin1', 0, headerLimits.bytes + 4);
      const end = emptyLine(text, seen);
      if (end !== undefined) text = text.slice(0, end);
      if (text.length > headerLimits.bytes) return undefined;
      if (end !== undefined) return text;
    }
    return text;
  } finally {
    raw.destroy();
  }
};

const fieldStart = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:/;

/** Puts the lines that begin with a space to the one before. */
const unfold = (lines: readonly string[]): string[] => {
  const folded: string[][] = [];
  for (const line of lines) {
    const last = folded.at(-1);
    if (last && /^[ \t]/.test(line)) last.push(line);
    else folded.push([line]);
  }
  return folded.map((parts) => parts.join('\r\n'));
};

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

/**
 * The fields of a header, strictly: what programs read in different ways (a line that is no field, a lone CR, a NUL) is
 * trouble, because whoever checks the sender and whoever shows it would see two mails.
 */
export const parseHeader = (text: string): Header => {
  if (/\r(?!\n)/.test(text) || text.includes('\u0000')) return trouble('its header holds a lone CR or a NUL');
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > headerLimits.lines) return trouble(`its header has more than ${headerLimits.lines} lines`);
  const fields: HeaderField[] = [];
  for (const line of unfold(lines)) {
    const name = fieldStart.exec(line);
    if (!name?.[1]) return trouble('its header holds a line that is no header field');
    const value = utf8(line.slice(name[0].length)).replaceAll(/\r?\n(?=[ \t])/g, '');
    fields.push({ name: name[1].toLowerCase(), value: value.trim(), bytes: line.length });
  }
  return { fields };
};

/** Reads the header of a raw message, and no more of it. */
export const readHeader = async (raw: Readable): Promise<Header> => {
  const text = await headerText(raw);
  if (text === undefined) return trouble(`its header is longer than ${headerLimits.bytes / 1024} KB`);
  return parseHeader(text);
};

/** The values of all fields of that name. */
export const valuesOf = (fields: readonly HeaderField[], name: string): string[] =>
  fields.filter((field) => field.name === name).map(({ value }) => value);
