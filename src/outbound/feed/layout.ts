import { sha256 } from '../../file/digest.ts';
import type { Encoding } from '../../file/encoding.ts';
import { type Field, type FieldKind, fieldNamed } from '../../ledger/field.ts';
import { exponentOf, formatDigits } from '../../money.ts';
import { instantFormat } from '../../zoned-time.ts';
import type { Column, Feed, FileSpec, Format, WhenRule } from './feed.ts';
import { type Include, sequenceColumn } from './selection.ts';

/** For whom a file is encrypted and by whom it is signed: fingerprints, upper-case hex. Kept with each batch. */
export interface Encryption {
  recipients: string[];
  signer?: string;
}

/** Everything that decides what a row looks like; plain data, kept with each batch. */
export interface Layout {
  timezone: string;
  columns: Column[];
  delimiter: FileSpec['delimiter'];
  lineEnd: FileSpec['lineEnd'];
  header: boolean;
  bom: boolean;
  guardFormulas: FileSpec['guardFormulas'];
  /** What came later is optional for ever, so that older batches read as they were made: csv, utf-8, needed, one file. */
  format?: Format;
  encoding?: Encoding;
  quote?: 'always';
  split?: { rows: number };
  /** For whom its file was encrypted, and by whom it was signed. */
  encryption?: Encryption;
}

/** What a file of this feed looks like, kept with each batch. */
export const layoutOf = ({ timezone, file }: Feed): Layout => {
  const { columns, delimiter, lineEnd, header, bom, guardFormulas, format, encoding, quote, split } = file;
  return {
    ...{ timezone, columns, delimiter, lineEnd, header, bom, guardFormulas },
    ...(format !== undefined && { format }),
    ...(encoding !== undefined && { encoding }),
    ...(quote !== undefined && { quote }),
    ...(split !== undefined && { split }),
  };
};

/** Writes one cell from a row of the columns that `sources` asked for. */
export type CellWriter = (row: readonly unknown[]) => string;

export interface CompiledLayout {
  /** SQL expressions over `t` (and `j`), in the order of a row's values; the first is always the row's sequence. */
  sources: string[];
  cells: { write: CellWriter; guarded: boolean }[];
}

/** Fields that only a feed of changes has: what happened, and how the amount moved. */
const changeFields: readonly Field[] = [
  { name: 'change', column: 'j.change', kind: 'text', inFile: false },
  { name: 'delta', column: '(j.amount - coalesce(j.amount_before, 0))', kind: 'amount', inFile: false },
  { name: 'sequence', column: 'j.sequence', kind: 'integer', inFile: false },
  { name: 'changedAt', column: 'j.at', kind: 'instant', inFile: false },
  { name: 'reason', column: 'j.reason', kind: 'text', inFile: false },
];

/** Values that change are read from the journal entry, so that a row shows them as of its change. */
const asOfChange = new Set(['amount', 'payout', 'status', 'customer_status']);

/** A layout's field by name (`orderId`, `custom.colour`, `delta` …), or undefined when there is none. */
export const layoutField = (name: string, include: Include): Field | undefined => {
  const custom = /^custom\.([^"\\]+)$/.exec(name)?.[1];
  if (custom !== undefined) return { name, column: custom, kind: 'text', inFile: false };
  return fieldNamed(name) ?? (include === 'changes' ? changeFields.find((field) => field.name === name) : undefined);
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const sourceOf = (field: Field, include: Include, database: 'sqlite' | 'postgres'): string => {
  if (field.name.startsWith('custom.')) {
    return database === 'sqlite'
      ? `json_extract(t.custom, ${quoted(`$."${field.column}"`)})`
      : `(t.custom::jsonb ->> ${quoted(field.column)})`;
  }
  const own = field.column.includes('j.');
  const column = own
    ? field.column
    : `${include === 'changes' && asOfChange.has(field.column) ? 'j' : 't'}.${field.column}`;
  // As text, integers of any size stay exact on their way through JavaScript.
  return field.kind === 'amount' || field.kind === 'integer' ? `cast(${column} as text)` : column;
};

/** Turns columns into the SQL they need and a function for each cell. The columns must have passed the settings' checks. */
export const compileLayout = (layout: Layout, include: Include, database: 'sqlite' | 'postgres'): CompiledLayout => {
  const sources = [sequenceColumn(include)];
  const indexOf = (source: string): number => {
    const found = sources.indexOf(source);
    return found >= 0 ? found : sources.push(source) - 1;
  };
  const cells = layout.columns.map((column) => {
    const constant = column.value;
    if (constant !== undefined) return { write: () => constant, guarded: true };
    const field = layoutField(column.field ?? '', include);
    if (!field) throw new Error(`no such column: ${column.field}`);
    const index = indexOf(sourceOf(field, include, database));
    const currency = field.kind === 'amount' ? indexOf('t.currency') : -1;
    const read = readerOf(field.kind, index, currency, column.format, layout.timezone);
    return { write: withRules(read, column), guarded: field.kind === 'text' && column.as === undefined };
  });
  return { sources, cells };
};

const readerOf = (
  kind: FieldKind,
  index: number,
  currency: number,
  format: string | undefined,
  zone: string,
): CellWriter => {
  switch (kind) {
    case 'amount':
      return amountReader(index, currency);
    case 'instant':
      return instantReader(index, format, zone);
    case 'text':
    case 'phone':
    case 'integer':
      return (row) => {
        const value = row[index];
        return value === null || value === undefined ? '' : typeof value === 'string' ? value : String(value);
      };
    default:
      return kind satisfies never;
  }
};

const amountReader = (index: number, currency: number): CellWriter => {
  let last: unknown;
  let exponent = 2;
  return (row) => {
    const digits = row[index];
    if (typeof digits !== 'string') return '';
    if (row[currency] !== last) {
      last = row[currency];
      exponent = exponentOf(String(last));
    }
    return formatDigits(digits, exponent);
  };
};

const dayMs = 86_400_000;

/** ISO 8601 in UTC to the second, a day's part written once: the usual form of an instant. */
const isoSeconds = (): ((at: number) => string) => {
  let day = NaN;
  let date = '';
  const two = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
  return (at) => {
    const today = Math.floor(at / dayMs);
    if (today !== day) {
      day = today;
      date = `${new Date(today * dayMs).toISOString().slice(0, 10)}T`;
    }
    const second = Math.floor((at - today * dayMs) / 1000);
    return `${date}${two[Math.floor(second / 3600)]}:${two[Math.floor(second / 60) % 60]}:${two[second % 60]}Z`;
  };
};

const instantReader = (index: number, format: string | undefined, zone: string): CellWriter => {
  const write = format === undefined ? isoSeconds() : instantFormat(format, zone);
  return (row) => {
    const value = row[index];
    return value === null || value === undefined ? '' : write(Number(value));
  };
};

const ruleFits = (rule: WhenRule, text: string): boolean =>
  'equals' in rule ? text === rule.equals : text.includes(rule.contains);

/** Custom fields (domain.md 2.1): the value for an empty source, the first rule that fits, the value when none does. */
const withRules = (read: CellWriter, { when, empty, otherwise, as }: Column): CellWriter => {
  let write = read;
  if (when !== undefined || empty !== undefined || otherwise !== undefined) {
    write = (row) => {
      const text = read(row);
      if (text === '') return empty ?? '';
      return when?.find((rule) => ruleFits(rule, text))?.give ?? otherwise ?? text;
    };
  }
  if (as === undefined) return write;
  const plain = write;
  return (row) => hashed(plain(row));
};

/** Trimmed and lower-cased first, so that one address gives one hash however it was typed; nothing stays nothing. */
const hashed = (text: string): string => {
  const bare = text.trim().toLowerCase();
  return bare === '' ? '' : sha256(bare);
};
