import { Fault } from '../../fault.ts';
import { type CsvRow, readCsv } from '../../file/csv.ts';
import { type Bytes, decoded, detectEncoding, type SourceEncoding } from '../../file/decode.ts';
import { type Delimiter, detectDialect, withoutFirst } from '../../file/dialect.ts';
import { detectXmlEncoding } from '../../file/xml-encoding.ts';
import { type ConversionReader, conversionReader } from './conversion-record.ts';
import { type FileColumns, isConversionFile, readFileColumns } from './file-columns.ts';
import { type RecordGroup, recordGrouper } from './group.ts';
import { recordReader } from './record.ts';
import { xmlHeader, xmlRows } from './xml-rows.ts';

/** How one file is read: found once, kept with the submission, and used again when it goes on after a restart. */
export interface Reading {
  /** Left out for CSV. */
  format?: 'xml';
  encoding: SourceEncoding;
  /** Whether it begins with a byte order mark. */
  mark: boolean;
  /** Of an XML file: that of its result file. */
  delimiter: Delimiter;
  skip: number;
  columns: FileColumns;
}

export type FileFormat = 'csv' | 'xml';

/** What the end of a file's name says of its format; undefined for what is not read. */
export const formatOf = (fileName: string): FileFormat | undefined => {
  if (/\.csv$/i.test(fileName)) return 'csv';
  return /\.xml$/i.test(fileName) ? 'xml' : undefined;
};

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

/** How the characters and cells of a CSV file are read. */
export type CsvForm = Omit<Reading, 'columns' | 'format'>;

/** The rows of a CSV file with its header, in blocks. */
export const allRows = (bytes: Bytes, form: CsvForm): AsyncGenerator<CsvRow[]> =>
  readCsv(withoutFirst(decoded(bytes(), form), form.skip), { delimiter: form.delimiter });

const firstRow = async (rows: AsyncGenerator<CsvRow[]>): Promise<CsvRow | undefined> => {
  for await (const [first] of rows) if (first) return first;
  return undefined;
};

/** A reading, and what was decided for it. */
interface Opened {
  reading: Reading;
  notes: string[];
}

const foreignNote = 'The file is not UTF-8; it was read as Windows-1252.';

const openXml = async (bytes: Bytes): Promise<Opened> => {
  const { declared, ...encoded } = await detectXmlEncoding(bytes);
  const header = await xmlHeader(bytes, encoded);
  if (header.length === 0)
    throw refuse(
      'it has no records',
      'the root holds a record for each order, and its elements are the columns',
      'empty-file',
    );
  const { columns, notes } = readFileColumns(header);
  const foreign = encoded.encoding === 'windows-1252' && !declared ? [foreignNote] : [];
  return { reading: { format: 'xml', ...encoded, delimiter: ',', skip: 0, columns }, notes: [...foreign, ...notes] };
};

/**
 * Finds encoding, delimiter and columns of a file; an XML file is read to its end for that. Throws Fault (refuse)
 * `not-text`, `empty-file`, `bad-header` or `bad-xml` when the file is wrong as a whole; `notes` say what was decided and
 * what is not read.
 */
export const openReading = (bytes: Bytes, format: FileFormat = 'csv'): Promise<Opened> =>
  format === 'xml' ? openXml(bytes) : openCsv(bytes);

/** Finds encoding and delimiter of a CSV file, and its header, whatever its columns are. Throws Fault (refuse) as `openReading`. */
export const openForm = async (bytes: Bytes): Promise<{ form: CsvForm; header: string[] }> => {
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
  return { form, header: header.cells };
};

const openCsv = async (bytes: Bytes): Promise<Opened> => {
  const { form, header } = await openForm(bytes);
  const { columns, notes } = readFileColumns(header);
  const foreign = form.encoding === 'windows-1252' ? [foreignNote] : [];
  return { reading: { ...form, columns }, notes: [...foreign, ...notes] };
};

/** A line of empty cells is no record: spreadsheets leave such lines at the end. */
export const isBlank = ({ cells }: CsvRow): boolean => cells.length > 0 && cells.every((cell) => cell.trim() === '');

/** The data lines of a file in blocks, blank ones left out. */
async function* dataRows(bytes: Bytes, reading: Reading): AsyncGenerator<CsvRow[]> {
  if (reading.format === 'xml') return yield* xmlRows(bytes, reading, reading.columns.header);
  let header = true;
  for await (const rows of allRows(bytes, reading)) {
    const from = header && rows.length > 0 ? 1 : 0;
    if (from === 1) header = false;
    yield rows.slice(from).filter((row) => !isBlank(row));
  }
}

/** A block of a file's lines: those that are done, as they are, and the groups of those behind them. */
export interface FileBlock {
  done: CsvRow[];
  groups: RecordGroup[];
}

/** The first `after` data lines and the groups of those behind, in blocks. Memory is that of a block and of one group. */
export async function* recordGroups(
  bytes: Bytes,
  reading: Reading,
  { eventType, after }: { eventType: ConversionReader; after: number },
): AsyncGenerator<FileBlock> {
  const { columns } = reading;
  const read = isConversionFile(columns) ? conversionReader(columns, eventType) : recordReader(columns, eventType);
  const grouper = recordGrouper();
  let number = 0;
  for await (const rows of dataRows(bytes, reading)) {
    const done = rows.slice(0, Math.max(0, after - number));
    number += done.length;
    const groups: RecordGroup[] = [];
    for (const row of rows.slice(done.length)) {
      const ended = grouper.push(read(row, ++number));
      if (ended) groups.push(ended);
    }
    yield { done, groups };
  }
  const last = grouper.end();
  if (last) yield { done: [], groups: [last] };
}
