import { longestName, type NamePart, type NameTemplate, writeName } from './name-template.ts';

/*
 * What the settings look at before a template is used: names that are too long, or that two files would share.
 */

/**
 * Whether two templates could give the same name: `{number}` and `{number:02}` differ in padding only, and from 10 on
 * not at all. Compare these keys.
 */
export const collisionKey = (text: string): string => text.replaceAll(/\{(number|part):0\d+\}/g, '{$1}');

/** A number that a feed reaches when it runs every minute for nineteen thousand years, for the longest name. */
const greatNumber = 9_999_999_999;

/** What is wrong with the names that this feed of this partner would give its files: too long, with all tokens and endings written. */
export const lengthProblem = (
  template: NameTemplate,
  { packed, ...names }: { feed: string; partner: string; packed(name: string): string },
): string | undefined => tooLong(packed(longestOf(template, names)), longestName);

const tooLong = (name: string, most: number): string | undefined => {
  const bytes = Buffer.byteLength(name);
  return bytes > most ? `the name becomes ${bytes} bytes long, and at most ${most} fit` : undefined;
};

const longestOf = (template: NameTemplate, names: { feed: string; partner: string; name?: string }): string =>
  writeName(template, { ...names, number: greatNumber, part: 99_999, due: Date.UTC(2026, 0, 2), timezone: 'UTC' });

/** So that `_2` still fits. */
const longestMarkerName = 245;

/** What is wrong with a marker beside the file: the same name in the end (some servers do not tell case), or too long. `others` are what else is added to the file's name. */
export const markerProblem = (
  marker: NameTemplate,
  file: NameTemplate,
  names: { feed: string; partner: string; packed(name: string): string; others: readonly string[] },
): string | undefined => {
  const { feed, partner, packed, others } = names;
  for (const number of [1, 2, 12])
    for (const part of [1, 2, 12]) {
      const values = { feed, partner, number, due: Date.UTC(2026, 0, 2, 3, 4, 5), timezone: 'UTC' };
      const first = packed(writeName(file, { ...values, part: 1 }));
      const taken = [packed(writeName(file, { ...values, part })), ...others.map((addition) => first + addition)];
      const name = writeName(marker, { ...values, name: first });
      const same = taken.find((other) => other.toLowerCase() === name.toLowerCase());
      if (same !== undefined) return `the marker would be named ${name}, as another file of the same batch`;
    }
  const name = packed(longestOf(file, { feed, partner }));
  return tooLong(longestOf(marker, { feed, partner, name }), longestMarkerName);
};

const varying: ReadonlySet<string> = new Set<NamePart['kind']>(['number', 'due', 'part']);

/** What is wrong with `{part}` in the name of split files: missing, or so near to a number that two names could be one. */
export const partProblem = ({ parts }: NameTemplate): string | undefined => {
  const at = parts.findIndex(({ kind }) => kind === 'part');
  if (at < 0) return 'the parts of a batch would get one name; add {part}';
  const counts = (part: NamePart | undefined, edge: RegExp): boolean =>
    part?.kind === 'text' ? edge.test(part.text) : part !== undefined && varying.has(part.kind);
  return counts(parts[at - 1], /\d$/) || counts(parts[at + 1], /^\d/)
    ? 'two names could be one (number 1, part 12; number 11, part 2): no digits beside {part}'
    : undefined;
};
