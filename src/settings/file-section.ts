import { z } from 'zod';
import { parseMarkerTemplate, parseNameTemplate } from '../file/name-template.ts';
import type { FileSpec } from '../outbound/feed/feed.ts';
import { readEncryptSection } from './encrypt-section.ts';
import { readColumns } from './layout.ts';
import type { Path, Reading } from './problem.ts';
import { leaf, oneOf, read, strict, textAs, Wrong, yesNo } from './shape.ts';

const later = 'comes with a later release';
const delimiter = leaf((value): FileSpec['delimiter'] | Wrong => {
  if (value === ',' || value === ';' || value === '\t' || value === '|') return value;
  if (value === '\\t') return '\t';
  return new Wrong('is not a delimiter', 'write one of "," ";" "\\t" "|" in quotes');
});
const encoding = leaf((value): 'utf-8' | Wrong => {
  if (typeof value === 'string' && /^utf-?8$/i.test(value)) return 'utf-8';
  return new Wrong(`the encoding ${String(value)} ${later}`, 'write utf-8 or leave it out');
});
const nameExample = '"acme_{due:yyyyMMdd}_{number:06}.csv"';
const fileName = textAs(nameExample, (name) => {
  const parsed = parseNameTemplate(name);
  return 'template' in parsed ? name : new Wrong(parsed.problems.join('; '), `for example: ${nameExample}`);
});
const markerExample = '"{name}.done"';
const marker = textAs(markerExample, (name) => {
  const parsed = name === 'none' ? { template: undefined } : parseMarkerTemplate(name);
  return 'template' in parsed
    ? name
    : new Wrong(parsed.problems.join('; '), `write none, or for example: ${markerExample}`);
});

const fileShape = strict({
  name: fileName,
  delimiter: delimiter.default(','),
  lineEnd: oneOf(['crlf', 'lf']).default('crlf'),
  header: yesNo.default(true),
  bom: yesNo.default(false),
  encoding: encoding.default('utf-8'),
  compress: oneOf(['none', 'gzip', 'zip']).default('none'),
  guardFormulas: oneOf(['off', 'text']).default('off'),
  sidecar: oneOf(['none', 'sha256', 'manifest']).default('none'),
  marker: marker.default('none'),
  encrypt: z.unknown().optional(),
  columns: z.array(z.unknown()).min(1),
});

/** Reads a feed's `file` section: name, dialect and columns. */
export const readFileSection = (reading: Reading, path: Path, include: unknown): FileSpec | undefined => {
  const { good, whole: all } = read(reading, path, fileShape);
  const columns = readColumns(reading, [...path, 'columns'], good.columns?.length ?? 0, include);
  const encrypt = readEncryptSection(reading, [...path, 'encrypt']);
  if (!all) return undefined;
  const { encrypt: _encrypt, encoding: _encoding, marker: named, lineEnd, ...rest } = all;
  const marked = named === 'none' ? {} : { marker: named };
  return { ...rest, ...marked, ...(encrypt && { encrypt }), lineEnd: lineEnd === 'crlf' ? '\r\n' : '\n', columns };
};
