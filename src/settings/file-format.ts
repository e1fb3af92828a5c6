import { partProblem } from '../file/name-checks.ts';
import { hasPart, parseNameTemplate } from '../file/name-template.ts';
import type { Encoding } from '../file/encoding.ts';
import type { FileSpec, Format } from '../outbound/feed/feed.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { leaf, read, strict, whole, Wrong } from './shape.ts';

const encodings: Record<string, Encoding> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'utf-16le': 'utf-16le',
  'windows-1252': 'windows-1252',
  cp1252: 'windows-1252',
  'iso-8859-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
};

/** An encoding by one of the names it goes by. */
export const encodingName = leaf((value): Encoding | Wrong => {
  const found = typeof value === 'string' && encodings[value.toLowerCase()];
  const hint = 'write one of: utf-8, utf-16le, windows-1252, iso-8859-1';
  return found || new Wrong('is not an encoding that we write', hint);
});

const splitShape = strict({ rows: whole(1, 1_000_000_000) });

/** `split: { rows: N }`, or undefined when there is none or it is wrong. */
export const readSplit = (reading: Reading, path: Path): FileSpec['split'] => {
  const at = [...path, 'split'];
  const raw = valueAt(reading.raw, at);
  return raw === undefined || raw === 'none' ? undefined : read(reading, at, splitShape).whole;
};

/** `{part}` is in the name where batches are split, and only there. */
export const checkPart = (reading: Reading, path: Path, name: string): void => {
  const parsed = parseNameTemplate(name);
  if (!('template' in parsed)) return;
  const raw = valueAt(reading.raw, [...path, 'split']);
  const split = raw !== undefined && raw !== 'none';
  const at = [...path, 'name'];
  if (!split && hasPart(parsed.template))
    report(reading, at, 'only split batches have a {part}', 'leave it out, or add split: { rows: 100000 }');
  const problem = split ? partProblem(parsed.template) : undefined;
  if (problem !== undefined) report(reading, at, problem, 'for example: "acme_{number:06}_{part:02}.csv"');
};

/** What the keys of a file say, as far as they could be read. */
interface Given {
  format?: Format;
  encoding?: Encoding;
  header?: boolean | undefined;
  bom?: boolean;
  guardFormulas?: string;
}

type Check = [key: string, wrong: (given: Given, isThere: boolean) => boolean, message: string, hint: string];

const ndjsonHint = 'leave it out; a reader of NDJSON expects none';
const checks: Record<Format, Check[]> = {
  csv: [],
  fixed: [
    ['delimiter', (_, isThere) => isThere, 'a fixed-width file has no delimiter', 'leave it out'],
    ['quote', (_, isThere) => isThere, 'a fixed-width file has no quotes', 'leave it out'],
    ['guardFormulas', ({ guardFormulas }) => guardFormulas === 'text', 'is for CSV files only', 'leave it out'],
  ],
  ndjson: [
    ['delimiter', (_, isThere) => isThere, 'NDJSON has no delimiter', 'leave it out'],
    ['quote', (_, isThere) => isThere, 'NDJSON has its own quotes', 'leave it out'],
    ['guardFormulas', ({ guardFormulas }) => guardFormulas === 'text', 'is for CSV files only', 'leave it out'],
    ['header', ({ header }) => header === true, 'NDJSON has its headers in every row', 'leave it out'],
    ['bom', ({ bom }) => bom === true, 'JSON has no byte order mark (RFC 8259)', ndjsonHint],
    [
      'encoding',
      ({ encoding }) => encoding !== undefined && encoding !== 'utf-8',
      'JSON is UTF-8 (RFC 8259)',
      'write utf-8 or leave it out',
    ],
  ],
};

/** Options that make no sense together. */
export const checkOptions = (reading: Reading, path: Path, given: Given): void => {
  for (const [key, wrong, message, hint] of checks[given.format ?? 'csv']) {
    const at = [...path, key];
    if (wrong(given, valueAt(reading.raw, at) !== undefined)) report(reading, at, message, hint);
  }
  const { bom, encoding } = given;
  if (bom === true && (encoding === 'windows-1252' || encoding === 'iso-8859-1'))
    report(reading, [...path, 'bom'], `${encoding} has no byte order mark`, 'leave it out; only UTF has one');
};
