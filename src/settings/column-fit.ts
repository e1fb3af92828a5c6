import { type Encoding, missingCharacter } from '../file/encoding.ts';
import { fixedTrouble } from '../file/fixed-width.ts';
import type { FieldKind } from '../ledger/field.ts';
import type { Column, Format } from '../outbound/feed/feed.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';

/** What a column must know of its file; `format` and `encoding` are undefined when they could not be read. */
export interface FileFacts {
  include: unknown;
  format: Format | undefined;
  encoding: Encoding | undefined;
  /** Whether headers are written. */
  header: boolean;
}

const hashLength = 64;

/** The texts of a column that may be written as they stand, each with the key it stands under. */
const textsOf = (column: Column, header: boolean): [Path, string][] => {
  const own: [Path, string | undefined][] = [
    [['value'], column.value],
    [['empty'], column.empty],
    [['otherwise'], column.otherwise],
    ...(column.when ?? []).map(({ give }, index): [Path, string] => [['when', index, 'give'], give]),
  ];
  const texts = column.as === undefined ? own : [];
  return [[['header'] as Path, header ? column.header : undefined] as const, ...texts].flatMap(([path, text]) =>
    text === undefined ? [] : [[path, text] as [Path, string]],
  );
};

/** What has another meaning without its end; `undefined` is a constant. */
const mayBeCut = ({ as }: Column, kind: FieldKind | undefined): boolean =>
  as !== undefined || !(['amount', 'integer', 'instant'] as const).some((whole) => whole === kind);

const checkOverflow = (reading: Reading, path: Path, column: Column, kind: FieldKind | undefined): void => {
  if (column.overflow !== 'cut' || mayBeCut(column, kind)) return;
  const what = kind === 'instant' ? 'date' : 'number';
  report(
    reading,
    [...path, 'overflow'],
    `"${column.field}" is a ${what}: without its end it would be another one`,
    'leave overflow out, and give the column a width that holds every value',
  );
};

const checkWidths = (reading: Reading, path: Path, column: Column, { format }: FileFacts): void => {
  if (format !== 'fixed') {
    for (const key of ['width', 'align', 'pad', 'overflow'] as const)
      if (column[key] !== undefined)
        report(reading, [...path, key], 'only a fixed-width file has it', 'leave it out, or write format: fixed');
    return;
  }
  const short = typeof valueAt(reading.raw, path) === 'string';
  const example = `{header: ${column.header}, ${column.field === undefined ? 'value: …' : `field: ${column.field}`}, width: 12}`;
  if (column.width === undefined)
    report(
      reading,
      short ? path : [...path, 'width'],
      'a column of a fixed-width file needs a width',
      `write ${example}`,
    );
  else if (column.as === 'sha256' && column.width < hashLength && column.overflow !== 'cut')
    report(reading, [...path, 'width'], `a hash has ${hashLength} characters`, `write width: ${hashLength}`);
};

const howToFit = (column: Column, kind: FieldKind | undefined): string =>
  mayBeCut(column, kind)
    ? 'write it shorter and in one line, give the column a greater width, or write overflow: cut'
    : 'write it shorter and in one line, or give the column a greater width';

/** Whether the column, of a field of that kind, goes into a file of that format and encoding, as far as it can be known without a row. */
export const checkFit = (
  reading: Reading,
  path: Path,
  column: Column,
  kind: FieldKind | undefined,
  facts: FileFacts,
): void => {
  const { format, encoding, header } = facts;
  if (format === undefined) return;
  checkWidths(reading, path, column, facts);
  if (format === 'fixed') checkOverflow(reading, path, column, kind);
  const fixed = format === 'fixed' && column.width !== undefined ? { ...column, width: column.width } : undefined;
  for (const [key, text] of textsOf(column, header)) {
    const at = valueAt(reading.raw, [...path, ...key]) === undefined ? path : [...path, ...key];
    const missing = encoding && missingCharacter(text, encoding);
    if (missing !== undefined)
      report(reading, at, `${encoding} has no character ${missing}`, 'write it in other words, or use encoding: utf-8');
    const trouble = fixed && fixedTrouble(text, fixed);
    if (trouble !== undefined) report(reading, at, trouble, howToFit(column, kind), text);
  }
  if (encoding && column.pad !== undefined && missingCharacter(column.pad, encoding) !== undefined)
    report(reading, [...path, 'pad'], `${encoding} does not have it`, 'use a space or a zero');
};
