import { z } from 'zod';
import { parseMarkerTemplate, parseNameTemplate } from '../file/name-template.ts';
import type { FileSpec } from '../outbound/feed/feed.ts';
import { readEncryptSection } from './encrypt-section.ts';
import { checkOptions, checkPart, encodingName, readSplit } from './file-format.ts';
import { readColumns } from './layout.ts';
import type { Path, Reading } from './problem.ts';
import { leaf, oneOf, read, strict, textAs, Wrong, yesNo } from './shape.ts';

const delimiter = leaf((value): FileSpec['delimiter'] | Wrong => {
  if (value === ',' || value === ';' || value === '\t' || value === '|') return value;
  if (value === '\\t') return '\t';
  return new Wrong('is not a delimiter', 'write one of "," ";" "\\t" "|" in quotes');
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
  format: oneOf(['csv', 'fixed', 'ndjson']).default('csv'),
  delimiter: delimiter.default(','),
  quote: oneOf(['needed', 'always']).default('needed'),
  lineEnd: oneOf(['crlf', 'lf']).optional(),
  header: yesNo.optional(),
  bom: yesNo.default(false),
  encoding: encodingName.default('utf-8'),
  compress: oneOf(['none', 'gzip', 'zip']).default('none'),
  guardFormulas: oneOf(['off', 'text']).default('off'),
  sidecar: oneOf(['none', 'sha256', 'manifest']).default('none'),
  split: z.unknown().optional(),
  marker: marker.default('none'),
  encrypt: z.unknown().optional(),
  columns: z.array(z.unknown()).min(1),
});

type Whole = NonNullable<ReturnType<typeof read<typeof fileShape.shape>>['whole']>;

/** Only what differs from the usual is set, so that a layout reads as it did before there were other ways. */
const unusual = ({ format, quote, encoding, marker: named }: Whole): Partial<FileSpec> => ({
  ...(format !== 'csv' && { format }),
  ...(quote === 'always' && { quote }),
  ...(encoding !== 'utf-8' && { encoding }),
  ...(named !== 'none' && { marker: named }),
});

/** Reads a feed's `file` section: name, format, dialect and columns. */
export const readFileSection = (reading: Reading, path: Path, include: unknown): FileSpec | undefined => {
  const { good, whole: all } = read(reading, path, fileShape);
  const header = good.header ?? good.format === 'csv';
  const { format, encoding } = good;
  const facts = { include, format, encoding, header: header || format === 'ndjson' };
  const columns = readColumns(reading, [...path, 'columns'], good.columns?.length ?? 0, facts);
  const encrypt = readEncryptSection(reading, [...path, 'encrypt']);
  const split = readSplit(reading, path);
  checkOptions(reading, path, good);
  if (good.name !== undefined) checkPart(reading, path, good.name);
  if (!all) return undefined;
  const { name, delimiter: between, bom, compress, guardFormulas, sidecar } = all;
  const lineEnd = (all.lineEnd ?? (format === 'ndjson' ? 'lf' : 'crlf')) === 'crlf' ? '\r\n' : '\n';
  const usual = { name, delimiter: between, lineEnd, header, bom, compress, guardFormulas, sidecar } as const;
  return { ...usual, ...unusual(all), ...(split && { split }), ...(encrypt && { encrypt }), columns };
};
