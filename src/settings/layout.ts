import { z } from 'zod';
import { fieldNamed, fields, type FieldKind } from '../ledger/field.ts';
import type { Column, WhenRule } from '../outbound/feed/feed.ts';
import { patternParts } from '../zoned-time.ts';
import { checkFit, type FileFacts } from './column-fit.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { leaf, oneOf, read, strict, text, textAs, whole, Wrong } from './shape.ts';
import { suggestion } from './suggest.ts';

/** What `include: changes` adds to the fields of a transaction. */
const changeFields: Record<string, FieldKind> = {
  change: 'text',
  delta: 'amount',
  sequence: 'integer',
  changedAt: 'instant',
  reason: 'text',
};
const fieldNames = [...fields.map((field) => field.name), ...Object.keys(changeFields)];
const isCustom = (name: string): boolean => /^custom\..+$/.test(name);

const kindOf = (name: string): FieldKind | undefined =>
  isCustom(name) ? 'text' : Object.hasOwn(changeFields, name) ? changeFields[name] : fieldNamed(name)?.kind;

const fieldHint = (name: string): string =>
  name === 'custom.'
    ? 'write the name of the attribute after the dot'
    : `${suggestion(name, fieldNames)} (or custom.NAME)`;

const field = textAs('orderId', (name) =>
  kindOf(name) === undefined ? new Wrong(`"${name}" is not a field of a transaction`, fieldHint(name)) : name,
);

const pattern = textAs('"yyyy-MM-dd HH:mm:ss"', (value) =>
  patternParts(value) && /[a-zA-Z]/.test(value.replace(/'[^']*'/g, ''))
    ? value
    : new Wrong(
        'is not a date pattern',
        'tokens: yyyy yy MM dd HH mm ss SSS XXX; other letters in \'single quotes\'; for example: "yyyy-MM-dd HH:mm:ss"',
      ),
);

/** Text that may be empty. */
const constant = leaf((value): string | Wrong =>
  typeof value === 'string' ? value : new Wrong('must be text', 'put it in quotes; "" is nothing'),
);

const oneCharacter = leaf((value): string | Wrong =>
  typeof value === 'string' && /^[^\p{Cc}]$/u.test(value)
    ? value
    : new Wrong('must be one character', 'put it in quotes: pad: "0" or pad: " "'),
);

const columnShape = strict({
  header: text('Amount').optional(),
  field: field.optional(),
  value: constant.optional(),
  as: oneOf(['sha256']).optional(),
  format: pattern.optional(),
  when: z.array(z.unknown()).min(1).optional(),
  empty: constant.optional(),
  otherwise: constant.optional(),
  width: whole(1, 10_000).optional(),
  align: oneOf(['left', 'right']).optional(),
  pad: oneCharacter.optional(),
  overflow: oneOf(['refuse', 'cut']).optional(),
});

const ruleShape = strict({ equals: text('M').optional(), contains: text('F').optional(), give: constant });

const rule = (reading: Reading, path: Path): WhenRule | undefined => {
  const { good, whole: all } = read(reading, path, ruleShape);
  if (!all) return undefined;
  if (good.equals !== undefined && good.contains === undefined) return { equals: good.equals, give: all.give };
  if (good.contains !== undefined && good.equals === undefined) return { contains: good.contains, give: all.give };
  report(
    reading,
    path,
    'needs one of equals and contains',
    'write {equals: M, give: Male}; for an empty value use empty:',
  );
  return undefined;
};

type Good = ReturnType<typeof read<typeof columnShape.shape>>['good'];

const checkConstant = (reading: Reading, path: Path, good: Good): void => {
  for (const key of ['field', 'as', 'format', 'when', 'empty', 'otherwise'] as const)
    if (good[key] !== undefined)
      report(
        reading,
        [...path, key],
        `cannot be combined with value`,
        'a constant is written as it is: {header: Source, value: Acme}',
      );
  if (good.header === undefined)
    report(reading, [...path, 'header'], 'is missing', 'a constant needs the header of its column');
};

const checkField = (reading: Reading, path: Path, good: Good, name: string, include: unknown): void => {
  const at = typeof valueAt(reading.raw, path) === 'string' ? path : [...path, 'field'];
  const kind = kindOf(name);
  if (Object.hasOwn(changeFields, name) && include !== 'changes')
    report(
      reading,
      at,
      `"${name}" exists only for changes`,
      'write include: changes for this feed, or leave the column out',
    );
  if (good.format !== undefined && kind !== 'instant')
    report(reading, [...path, 'format'], `"${name}" is not an instant`, 'only dates take a format; leave it out');
  if (good.as !== undefined && kind === 'instant')
    report(reading, [...path, 'as'], 'an instant cannot be hashed', 'sha256 is for text such as email or mobile');
  if (good.otherwise !== undefined && good.when === undefined)
    report(reading, [...path, 'otherwise'], 'has no rules to stand beside', 'add when: […], or leave otherwise out');
};

/** One column; the short form `- orderId` means header and field `orderId`. */
const column = (reading: Reading, path: Path, include: unknown): Column | undefined => {
  const raw = valueAt(reading.raw, path);
  if (typeof raw === 'string') {
    if (kindOf(raw) === undefined) report(reading, path, `"${raw}" is not a field of a transaction`, fieldHint(raw));
    else checkField(reading, path, {}, raw, include);
    return { header: raw, field: raw };
  }
  const { good, whole: all } = read(reading, path, columnShape);
  const rules = (good.when ?? []).map((_, index) => rule(reading, [...path, 'when', index]));
  const section = typeof raw === 'object' && raw !== null ? raw : undefined;
  if (good.value !== undefined) checkConstant(reading, path, good);
  else if (good.field !== undefined) checkField(reading, path, good, good.field, include);
  else if (section && !('field' in section || 'value' in section))
    report(
      reading,
      path,
      'has neither field nor value',
      'write - orderId, {header: H, field: F} or {header: H, value: TEXT}',
    );
  const header = good.header ?? good.field;
  if (!all || header === undefined) return undefined;
  const { header: _, when, ...rest } = good;
  return { header, ...rest, ...(when ? { when: rules.filter((one) => one !== undefined) } : {}) } as Column;
};

const checkHeaders = (reading: Reading, path: Path, columns: (Column | undefined)[]): void => {
  const seen = new Set<string>();
  for (const [index, one] of columns.entries()) {
    if (!one) continue;
    const at = typeof valueAt(reading.raw, [...path, index]) === 'string' ? [] : ['header'];
    if (seen.has(one.header))
      report(
        reading,
        [...path, index, ...at],
        `the header "${one.header}" is there twice`,
        'give one of the two another header',
        one.header,
      );
    seen.add(one.header);
  }
};

/** Reads the list of columns at `path`. The fields that exist depend on the feed's `include`, what fits on format and encoding. */
export const readColumns = (reading: Reading, path: Path, count: number, facts: FileFacts): Column[] => {
  const columns = Array.from({ length: count }, (_, index) => {
    const at = [...path, index];
    const one = column(reading, at, facts.include);
    if (one) checkFit(reading, at, one, one.field === undefined ? undefined : kindOf(one.field), facts);
    return one;
  });
  checkHeaders(reading, path, columns);
  return columns.filter((one) => one !== undefined);
};
