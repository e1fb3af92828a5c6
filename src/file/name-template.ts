import { type SafeName, safeName, unsafeReason } from '../safe-name.ts';
import { instantFormat, patternParts } from '../zoned-time.ts';

/** A piece of a file name's template. */
export type NamePart =
  | { kind: 'text'; text: string }
  | { kind: 'due'; pattern: string }
  | { kind: 'number'; digits: number }
  | { kind: 'part'; digits: number }
  | { kind: 'feed' }
  | { kind: 'partner' }
  | { kind: 'name' };

/** A checked template: the only ways to one are `parseNameTemplate` and `parseMarkerTemplate`. */
export interface NameTemplate {
  text: string;
  parts: NamePart[];
}

/** What a name is made of. */
export interface NameValues {
  feed: string;
  partner: string;
  /** The batch's number. */
  number: number;
  /** The occurrence's due time, milliseconds, written in `timezone`. */
  due: number;
  timezone: string;
  /** Which part of a split batch, from 1. */
  part?: number;
  /** For a marker: the final name of the batch's file. */
  name?: string;
}

/** So that `_2`, `.sha256` and the partial name's attempt still fit into the 255 bytes of a file name. */
export const longestName = 200;

/** What stands in braces. A marker may tell the name of its file; only a batch's own file has parts. */
type Use = 'file' | 'marker';

/**
 * Reads a template: `{due:PATTERN}` (a date pattern of `zoned-time.ts`), `{number}`, `{number:06}` (padded with zeros to
 * six digits), `{part}` likewise, `{feed}`, `{partner}`, other text as it is. A template is refused when it could name a
 * path or something unprintable, or when a later batch could get the same name: it needs `{number}`, or `{due:…}` down to
 * the minute.
 */
export const parseNameTemplate = (text: string): Parsed => parse(text, 'file');

/** As `parseNameTemplate`, for a marker: `{name}` is the final name of the batch's file, and there is no `{part}`. */
export const parseMarkerTemplate = (text: string): Parsed => parse(text, 'marker');

type Parsed = { template: NameTemplate } | { problems: string[] };

const parse = (text: string, use: Use): Parsed => {
  const problems: string[] = [];
  const parts: NamePart[] = [];
  for (const [piece, inside] of text.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    const part = inside === undefined ? plainPart(piece) : tokenPart(inside, use);
    if (typeof part === 'string') problems.push(part);
    else parts.push(part);
  }
  const template = { text, parts };
  if (problems.length === 0) problems.push(...problemsOf(template));
  return problems.length > 0 ? { problems } : { template };
};

const plainPart = (piece: string): NamePart | string =>
  piece === '{' || piece === '}' ? `a brace "${piece}" has no partner` : { kind: 'text', text: piece };

const known: Record<Use, string> = {
  file: '{due:yyyyMMdd}, {number}, {number:06}, {part}, {feed}, {partner}',
  marker: '{name}, {due:yyyyMMdd}, {number}, {number:06}, {feed}, {partner}',
};

const isKnown = (name: string, use: Use): boolean =>
  name === 'part' ? use === 'file' : name === 'name' ? use === 'marker' : true;

const tokenPart = (token: string, use: Use): NamePart | string => {
  const [, name = token, argument] = /^(\w+):(.*)$/s.exec(token) ?? [];
  if (!isKnown(name, use)) return unknownToken(token, use);
  if (name === 'feed' || name === 'partner' || name === 'name') {
    return argument === undefined ? { kind: name } : `{${token}}: ${name} takes nothing after a colon`;
  }
  if (name === 'number' || name === 'part') return countPart(name, argument, token);
  if (name !== 'due') return unknownToken(token, use);
  if (!argument || !patternParts(argument)) return `{${token}}: not a date pattern such as yyyyMMdd or yyyyMMdd_HHmm`;
  return { kind: 'due', pattern: argument };
};

const unknownToken = (token: string, use: Use): string => `{${token}} is not known; there are ${known[use]}`;

const countPart = (kind: 'number' | 'part', argument: string | undefined, token: string): NamePart | string => {
  if (argument === undefined) return { kind, digits: 1 };
  const digits = Number(/^0([1-9]\d?)$/.exec(argument)?.[1]);
  const example = kind === 'number' ? 'for six digits, {number:06}' : 'for two digits, {part:02}';
  return digits <= 18 ? { kind, digits } : `{${token}}: write {${kind}} or, ${example}`;
};

const problemsOf = (template: NameTemplate): string[] => {
  const problems: string[] = [];
  const longest: NameValues = {
    feed: 'feed',
    partner: 'partner',
    number: 1,
    due: Date.UTC(2026, 0, 2),
    timezone: 'UTC',
  };
  const name = writeName(template, longest);
  const unsafe = unsafeReason(name);
  if (unsafe) problems.push(`the name ${JSON.stringify(name)} is not a file name: ${unsafe}`);
  if (name.startsWith('.')) problems.push('a name that begins with a dot is kept for files in flight');
  if (Buffer.byteLength(name) > longestName) problems.push(`the name is longer than ${longestName} bytes`);
  if (!cannotRepeat(template)) {
    problems.push('a later file would get the same name; add {number}, or {due:…} down to the minute (yyyyMMddHHmm)');
  }
  return problems;
};

const cannotRepeat = ({ parts }: NameTemplate): boolean => {
  if (parts.some((part) => part.kind === 'number' || part.kind === 'name')) return true;
  const tokens = parts.flatMap((part) => (part.kind === 'due' ? (patternParts(part.pattern) ?? []) : []));
  const has = (token: string): boolean => tokens.some((part) => part.token === token);
  return (has('yyyy') || has('yy')) && has('MM') && has('dd') && has('HH') && has('mm');
};

/** The name that a template gives; not yet checked to be a safe one. */
export const writeName = ({ parts }: NameTemplate, values: NameValues): string =>
  parts.map((part) => writePart(part, values)).join('');

const writePart = (part: NamePart, values: NameValues): string => {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'due':
      return instantFormat(part.pattern, values.timezone)(values.due);
    case 'number':
      return String(values.number).padStart(part.digits, '0');
    case 'part':
      return String(values.part ?? 1).padStart(part.digits, '0');
    case 'feed':
      return values.feed;
    case 'partner':
      return values.partner;
    case 'name':
      return values.name ?? 'name';
    default:
      return part satisfies never;
  }
};

/** The name of a batch. Throws Fault `unsafe-name` when a feed's or partner's name makes it one. */
export const renderName = (template: NameTemplate, values: NameValues): SafeName =>
  safeName(writeName(template, values));

/** Where the extension begins; a packed file keeps the one below it: `a.csv.gz.pgp` → `.csv.gz.pgp`. */
const extensionAt = (name: string): number => {
  const found = /(?:\.[A-Za-z0-9]{1,8})?(?:\.(?:gz|zip|bz2|zst|pgp|gpg))+$|\.[A-Za-z0-9]{1,12}$/i.exec(name);
  return found && found.index > 0 ? found.index : name.length;
};

const beforeExtension = (name: string, addition: string): SafeName => {
  const at = extensionAt(name);
  return safeName(name.slice(0, at) + addition + name.slice(at));
};

/** The name of a later part beside a file that somebody has named: `a.csv` → `a_part2.csv`. */
export const partBeside = (name: SafeName, part: number): SafeName => beforeExtension(name, `_part${part}`);

/** Another name when one is taken: `a.csv` → `a_2.csv`, `a.csv.gz` → `a_2.csv.gz`. */
export const alternative = (name: SafeName, n: number): SafeName => beforeExtension(name, `_${n}`);

/** The name without its number, and without the separator that stood before it. */
const unnumbered = (template: NameTemplate, values: Omit<NameValues, 'number'>): string => {
  const parts = template.parts.map((part): NamePart => (part.kind === 'number' ? { kind: 'text', text: '\0' } : part));
  const name = writeName({ text: template.text, parts }, { ...values, number: 0 })
    .replaceAll(/^\0[-_ ]|[-_. ]?\0(?=[-_. ]|$)|\0/g, '')
    .replace(/^\./, 'export.');
  return name === '' ? 'export' : name;
};

/**
 * The name of a manual export: the template without its number, and `_manual_` with the time of the export (`due`, to the
 * second, in UTC so that no hour comes twice): `acme_{due:yyyyMMdd}_{number:06}.csv` → `acme_20260102_manual_20260102T030405.csv`.
 */
export const manualName = (template: NameTemplate, values: Omit<NameValues, 'number'>): SafeName =>
  beforeExtension(unnumbered(template, values), `_manual_${instantFormat("yyyyMMdd'T'HHmmss", 'UTC')(values.due)}`);

/** Whether the names carry the number of the part. */
export const hasPart = ({ parts }: NameTemplate): boolean => parts.some(({ kind }) => kind === 'part');

/** Whether a marker is named after its file, so that it is as unique as that is. */
export const namesFile = ({ parts }: NameTemplate): boolean => parts.some(({ kind }) => kind === 'name');

/** The name of a marker; without a number, that of a manual export. `values.name` is the final name of its file. */
export const markerName = (
  template: NameTemplate,
  values: Omit<NameValues, 'number'> & { number?: number },
): SafeName => {
  const { number } = values;
  if (number !== undefined) return renderName(template, { ...values, number });
  return namesFile(template) ? safeName(unnumbered(template, values)) : manualName(template, values);
};
