import { Fault } from '../../fault.ts';
import { type CsvRow, readCsv } from '../../file/csv.ts';
import { type Bytes, decoded, detectEncoding, type SourceEncoding } from '../../file/decode.ts';
import { type Delimiter, detectDialect, withoutFirst } from '../../file/dialect.ts';
import { type ConversionReader, conversionReader } from './conversion-record.ts';
import { type FileColumns, isConversionFile, readFileColumns } from './file-columns.ts';
import { type RecordGroup, recordGrouper } from './group.ts';
import { recordReader } from './record.ts';

/** How one file is read: found once, kept with the submission, and used again when it goes on after a restart. */
export interface Reading {
  encoding: SourceEncoding;
  /** Whether it begins with a byte order mark. */
  mark: boolean;
  delimiter: Delimiter;
  skip: number;
  columns: FileColumns;
}

const refuse = (reason: string, hint: string, code: string): Fault =>
  new Fault({ operation: 'read', object: 'the file', reason, hint, next: 'refuse', code });

const startOf = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  let start = Buffer.alloc(0);
  for await (const chunk of source) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= 1 << 16) break;
  }
  return start;
};

/** The rows of a file with its header, in blocks. */
const allRows = (bytes: Bytes, form: Omit<Reading, 'columns'>): AsyncGenerator<CsvRow[]> =>
  readCsv(withoutFirst(decoded(bytes(), form), form.skip), { delimiter: form.delimiter });

const firstRow = async (rows: AsyncGenerator<CsvRow[]>): Promise<CsvRow | undefined> => {
  for await (const [first] of rows) if (first) return first;
  return undefined;
};

/**
 * Finds encoding, delimiter and columns of a file. Throws Fault (refuse) `not-text`, `empty-file` or `bad-header` when
 * the file is wrong as a whole; `notes` say what was decided and what is not read.
 */
export const openReading = async (bytes: Bytes): Promise<{ reading: Reading; notes: string[] }> => {
  const encoded = await detectEncoding(bytes);
  const form = { ...encoded, ...detectDialect(await startOf(decoded(bytes(), encoded))) };
  const header = await firstRow(allRows(bytes, form));
  if (!header)
    throw refuse('it is empty', 'the first line names the columns, each further line is a record', 'empty-file');
  if (header.trouble !== undefined)
    throw refuse(
      `its header cannot be read: ${header.trouble}`,
      'save it as CSV (UTF-8) and send it again',
      'bad-header',
    );
  const { columns, notes } = readFileColumns(header.cells);
  const foreign = encoded.encoding === 'windows-1252' ? ['The file is not UTF-8; it was read as Windows-1252.'] : [];
  return { reading: { ...form, columns }, notes: [...foreign, ...notes] };
};

/** A line of empty cells is no record: spreadsheets leave such lines at the end. */
const isBlank = ({ cells }: CsvRow): boolean => cells.length > 0 && cells.every((cell) => cell.trim() === '');

/** The data lines of a file in blocks, blank ones left out. */
export async function* dataRows(bytes: Bytes, reading: Reading): AsyncGenerator<CsvRow[]> {
  let header = true;
  for await (const rows of allRows(bytes, reading)) {
    const from = header && rows.length > 0 ? 1 : 0;
    if (from === 1) header = false;
    yield rows.slice(from).filter((row) => !isBlank(row));
  }
}

/** The groups of lines behind the first `after` data lines, in blocks. Memory is that of a block and of one group. */
export async function* recordGroups(
  bytes: Bytes,
  reading: Reading,
  { eventType, after }: { eventType: ConversionReader; after: number },
): AsyncGenerator<RecordGroup[]> {
  const { columns } = reading;
  const read = isConversionFile(columns) ? conversionReader(columns, eventType) : recordReader(columns, eventType);
  const grouper = recordGrouper();
  let number = 0;
  for await (const rows of dataRows(bytes, reading)) {
    const groups: RecordGroup[] = [];
    for (const row of rows) {
      number++;
      const ended = number > after ? grouper.push(read(row, number)) : undefined;
      if (ended) groups.push(ended);
    }
    yield groups;
  }
  const last = grouper.end();
  if (last) yield [last];
}
