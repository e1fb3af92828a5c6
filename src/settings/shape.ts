import { z } from 'zod';
import { dotted, type Path, type Reading, report, valueAt } from './problem.ts';
import { nearest, suggestion } from './suggest.ts';

/** What a reader of one value returns when the value cannot be used. */
export class Wrong {
  readonly message: string;
  readonly hint: string;
  constructor(message: string, hint: string) {
    this.message = message;
    this.hint = hint;
  }
}

/** A schema out of a function from a raw value to what it means, or to what is wrong with it. */
export const leaf = <T>(read: (value: unknown) => T | Wrong) =>
  z.unknown().transform((value, ctx): T => {
    const result = read(value);
    if (!(result instanceof Wrong)) return result;
    ctx.addIssue({ code: 'custom', message: result.message, params: { hint: result.hint } });
    return z.NEVER;
  });

const kindOf = (value: unknown): string => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a section' : typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
};

export const missing = (hint: string): Wrong => new Wrong('is missing', hint);

/** A value that must be text and is read further; `example` shows what is wanted. A number must be in quotes, so that no digit is lost. */
export const textAs = <T>(example: string, read: (value: string) => T | Wrong) =>
  leaf((value): T | Wrong => {
    if (value === undefined || value === null) return missing(`for example: ${example}`);
    if (typeof value !== 'string')
      return new Wrong(`must be text, not ${kindOf(value)}`, `put it in quotes; for example: ${example}`);
    return value.trim() === '' ? new Wrong('is empty', `for example: ${example}`) : read(value);
  });

/** A value that must be text. */
export const text = (example: string) => textAs(example, (value) => value);

/** `true` or `false`; the words yes and no are taken too, which YAML 1.2 leaves as text. */
export const yesNo = leaf((value): boolean | Wrong => {
  if (typeof value === 'boolean') return value;
  if (value === 'yes') return true;
  if (value === 'no') return false;
  return new Wrong('must be yes or no', 'write true or false');
});

/** A whole number within bounds, both included. */
export const whole = (least: number, most: number) =>
  leaf((value): number | Wrong => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const hint = `write a whole number from ${least} to ${most}`;
    return value === undefined || value === null
      ? missing(hint)
      : new Wrong(`must be a whole number from ${least} to ${most}`, hint);
  });

/** One of a few words. `later` names words that are understood but that this version cannot do yet, with the sentence to say. */
export const oneOf = <const W extends string>(words: readonly W[], later: Record<string, string> = {}) =>
  leaf((value): W | Wrong => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const list = `write one of: ${words.join(', ')}`;
    if (value === undefined || value === null) return missing(list);
    const sentence = typeof value === 'string' && Object.hasOwn(later, value) ? later[value] : undefined;
    if (sentence !== undefined) return new Wrong(sentence, list);
    const near = typeof value === 'string' ? nearest(value, words) : undefined;
    return new Wrong(`must be one of: ${words.join(', ')}`, near === undefined ? list : `did you mean "${near}"?`);
  });

const unknownKey = (known: string[]) =>
  z.unknown().transform((_, ctx): never => {
    ctx.addIssue({ code: 'custom', message: 'is not a known key', params: { known } });
    return z.NEVER;
  });

/** An object whose unknown keys are problems of their own, each with a suggestion. */
export const strict = <S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strip> =>
  z.object(shape).catchall(unknownKey(Object.keys(shape))) as unknown as z.ZodObject<S, z.core.$strip>;

const sentence = (issue: z.core.$ZodIssue, value: unknown): Wrong => {
  if (issue.code === 'custom') return new Wrong(issue.message, String(issue.params?.['hint'] ?? ''));
  if (issue.code === 'invalid_type') {
    const wanted = issue.expected === 'array' ? 'a list' : 'a section';
    const hint = wanted === 'a list' ? 'write [a, b], or one "- …" per line' : 'write keys and values, indented below';
    return value === undefined || value === null
      ? missing(hint)
      : new Wrong(`must be ${wanted}, not ${kindOf(value)}`, hint);
  }
  if (issue.code === 'too_small') return new Wrong('needs at least one entry', 'write [a, b], or one "- …" per line');
  return new Wrong(issue.message, 'see config/README.md');
};

const reportIssue = (reading: Reading, at: Path, issue: z.core.$ZodIssue): void => {
  const path = [...at, ...(issue.path as (string | number)[])];
  const known: unknown = issue.code === 'custom' ? issue.params?.['known'] : undefined;
  if (Array.isArray(known)) {
    const key = String(path.at(-1));
    const message = `"${key}" is not a known key`;
    const hint = suggestion(key, known as string[]);
    // The key is what is wrong; its value might be a secret under a mistyped name, so it is not shown.
    reading.problems.push({ file: reading.file, field: dotted(path), value: key, message, hint });
    return;
  }
  const { message, hint } = sentence(issue, valueAt(reading.raw, path));
  report(reading, path, message, hint);
};

/** What could be read of a section: the `good` keys one by one, and the `whole` when nothing in it was wrong. */
export interface Section<S extends z.ZodRawShape> {
  good: { [K in keyof S]?: z.output<S[K]> };
  whole: z.output<z.ZodObject<S>> | undefined;
}

/** Reads the section at `path` and reports everything that is wrong in it, so that checks can go on with the good keys. */
export const read = <S extends z.ZodRawShape>(reading: Reading, path: Path, schema: z.ZodObject<S>): Section<S> => {
  const raw = valueAt(reading.raw, path);
  const result = schema.safeParse(raw);
  for (const issue of result.error?.issues ?? []) reportIssue(reading, path, issue);
  const good: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(schema.shape)) {
    const parsed = (part as z.ZodType).safeParse(valueAt(raw, [key]));
    if (parsed.success && parsed.data !== undefined) good[key] = parsed.data;
  }
  return {
    good: good as Section<S>['good'],
    whole: result.success ? (result.data as Section<S>['whole']) : undefined,
  };
};

/** The keys of a section of named things (feeds, drops), each with its path; a problem for what is not a section. */
export const namesIn = (reading: Reading, key: string): string[] => {
  const raw = valueAt(reading.raw, [key]);
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? Object.keys(raw) : [];
};
