import { type CsvError, type Info, parse, type Parser } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { type LineCount, makeLineCount, makeTextCheck, refuseOtherFormats } from './csv-lines.ts';
import { type CsvRow, type PlainEnd, plainReader } from './csv-plain.ts';

export type { CsvRow };

export interface CsvReading {
  delimiter: ',' | ';' | '\t' | '|';
  /** A row longer than this many bytes ends the reading (as a rule a quote that is never closed). */
  maxRowBytes?: number;
}

const defaultMaxRowBytes = 1 << 20;

/**
 * Reads CSV (RFC 4180; UTF-8 with or without BOM; lines end with CRLF, LF or CR; blank lines are skipped) and yields
 * its rows in blocks, the header as the first. A bad row comes with its `trouble` and does not end the reading, unless
 * a quote is never closed. Memory is bounded by `maxRowBytes` and the size of the chunks. Plain rows are read in a
 * quicker way; from the first other one on csv-parse reads the rest.
 * Throws Fault `not-csv` (refuse) for something that is plainly another format.
 */
export async function* readCsv(source: AsyncIterable<Buffer>, options: CsvReading): AsyncGenerator<CsvRow[]> {
  const plain = plainReader({ maxRowBytes: defaultMaxRowBytes, ...options });
  let parser: Reader | undefined;
  const goOn = async (odd: Buffer | undefined): Promise<void> => {
    if (!odd) return;
    parser ??= readerAfter(plain.end(), options);
    await parser.take(odd);
  };
  let first = true;
  for await (const chunk of source) {
    if (first && chunk.length > 0) refuseOtherFormats(chunk);
    if (chunk.length > 0) first = false;
    const { rows, odd } = parser ? { rows: [], odd: chunk } : plain.take(chunk);
    await goOn(odd);
    yield parser ? [...rows, ...parser.rows()] : rows;
    if (parser?.stopped()) return;
  }
  const { rows, odd } = parser ? { rows: [] } : plain.finish();
  await goOn(odd);
  await parser?.finish();
  yield parser ? [...rows, ...parser.rows()] : rows;
}

/** The same by csv-parse alone: what `readCsv` is compared with in tests. */
export async function* readCsvByParser(source: AsyncIterable<Buffer>, options: CsvReading): AsyncGenerator<CsvRow[]> {
  const reader = makeReader(options);
  for await (const chunk of source) {
    await reader.take(chunk);
    yield reader.rows();
    if (reader.stopped()) return;
  }
  await reader.finish();
  yield reader.rows();
}

/** csv-parse behind rows that were read already: one line goes before, with as many values, which is left out again. */
const readerAfter = ({ line, width }: PlainEnd, options: CsvReading): Reader => {
  const reader = makeReader(options);
  let before = Buffer.from(width === undefined ? '\n' : `x${options.delimiter.repeat(width - 1)}\n`);
  let left = width === undefined ? 0 : 1;
  return {
    ...reader,
    take: async (chunk) => {
      await reader.take(before.length === 0 ? chunk : Buffer.concat([before, chunk]));
      before = Buffer.alloc(0);
    },
    rows: () => {
      const found = reader.rows().map((row) => ({ ...row, line: row.line + line - 2 }));
      const rows = found.slice(left);
      left -= found.length - rows.length;
      return rows;
    },
  };
};

interface Reader {
  take(chunk: Buffer): Promise<void>;
  finish(): Promise<void>;
  rows(): CsvRow[];
  stopped(): boolean;
}

const makeReader = (options: CsvReading): Reader => {
  let rows: CsvRow[] = [];
  let stopped = false;
  const endless = makeEndlessCheck(options.maxRowBytes ?? defaultMaxRowBytes);
  const text = makeTextCheck();
  const lines = makeLineCount();
  const troubles = makeTroubles(lines);
  const onRow = (cells: string[]): null => {
    endless.rowEnded();
    rows.push({ line: lines.ofRow(parser.info, cells), cells, trouble: text.troubleIn(cells, parser.info.bytes) });
    return null;
  };
  const onTrouble = (error: CsvError | undefined): undefined => {
    const row = error && troubles.rowOf(error, parser.info);
    if (row) endless.rowEnded();
    if (row) rows.push(row);
    if (error?.code === 'CSV_MAX_RECORD_SIZE') stopped = true;
  };
  const parser: Parser = makeParser(options, onRow, onTrouble);
  parser.resume().on('error', () => undefined); // each write reports its own error
  return {
    take: async (chunk) => {
      text.look(chunk);
      lines.hold(chunk);
      await settle((done) => parser.write(chunk, done));
      const trouble = stopped ? undefined : endless.troubleIn(chunk, parser.info);
      if (trouble !== undefined) [stopped, rows] = [true, [...rows, ...troubles.endOf(parser.info, trouble)]];
    },
    finish: async () => {
      text.end();
      await settle((done) => parser.end(done));
    },
    rows: () => {
      const ready = rows;
      rows = [];
      return ready;
    },
    stopped: () => stopped,
  };
};

const makeParser = (
  { delimiter, maxRowBytes = defaultMaxRowBytes }: CsvReading,
  onRow: (cells: string[]) => null,
  onTrouble: (error: CsvError | undefined) => undefined,
): Parser =>
  parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    bom: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxRowBytes,
    on_record: onRow,
    on_skip: onTrouble,
  });

/**
 * Finds a row that does not end. The parser's own limit is on the text of its cells; one of bare delimiters has none, and
 * still takes memory. Counted in whole chunks.
 */
const makeEndlessCheck = (most: number) => {
  let bytes = 0;
  let ended = false;
  let blank = 0;
  return {
    rowEnded: (): void => void (ended = true),
    troubleIn: (chunk: Buffer, { empty_lines }: Info): string | undefined => {
      bytes = ended || empty_lines !== blank ? 0 : bytes + chunk.length;
      [ended, blank] = [false, empty_lines];
      return bytes > most ? `the row is longer than ${most} bytes; nothing after it was read` : undefined;
    },
  };
};

/** Awaits a stream's own callback. */
const settle = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));

/** The parser's errors as rows with trouble; a row with several is reported once, by its first. */
const makeTroubles = (lines: LineCount) => {
  let reportedAt = 0;
  const rowOf = (error: CsvError, info: Info): CsvRow | undefined => {
    if (info.lines === reportedAt) return undefined;
    reportedAt = info.lines;
    const cells = (error['record'] as string[] | undefined) ?? [];
    const found = (line: number, trouble: string): CsvRow => ({ line, cells, trouble });
    switch (error.code) {
      case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      case 'CSV_RECORD_INCONSISTENT_COLUMNS':
        return found(
          lines.ofRow(info, cells),
          `the row has another number of values (${cells.length}) than the header`,
        );
      case 'CSV_MAX_RECORD_SIZE':
      case 'CSV_QUOTE_NOT_CLOSED':
        return found(lines.ofTrouble(info), 'a quote is opened here and never closed; nothing after it was read');
      default:
        return found(
          lines.ofTrouble(info),
          'a quote stands inside a value; quote the whole value and double its quotes',
        );
    }
  };
  /** The row in which the reading ends, unless it was reported before. */
  const endOf = (info: Info, trouble: string): CsvRow[] =>
    info.lines === reportedAt ? [] : [{ line: lines.ofTrouble(info), cells: [], trouble }];
  return { rowOf, endOf };
};

/** One row by csv-stringify, with its line end: for result files and whatever is small. Null is an empty value. */
export const writeCsvRow = (
  cells: readonly (string | null)[],
  { delimiter, lineEnd }: { delimiter: string; lineEnd: string },
): string => stringify([[...cells]], { delimiter, record_delimiter: lineEnd, quoted_match: /^\s|\s$|[\r\n]/ });
