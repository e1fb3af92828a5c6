import { csvEncoder } from '../../file/csv-encode.ts';
import type { CsvRow } from '../../file/csv.ts';
import type { Bytes } from '../../file/decode.ts';
import type { MappedLayout } from './mapping.ts';
import { allRows, type CsvForm, isBlank, openForm } from './reading.ts';

/** The header of a CSV file and its first lines. */
export interface Sample {
  form: CsvForm;
  header: string[];
  rows: CsvRow[];
}

/** Reads the beginning of a CSV file, whatever its columns are. Throws Fault (refuse) for what is not CSV. */
export const readSample = async (bytes: Bytes, count: number): Promise<Sample> => {
  const { form, header } = await openForm(bytes);
  const rows: CsvRow[] = [];
  for await (const block of allRows(bytes, form)) {
    rows.push(...block);
    if (rows.length > count) break;
  }
  return { form, header, rows: rows.slice(1, count + 1) };
};

const { row } = csvEncoder({ delimiter: ',', lineEnd: '\r\n' });

/** A line that cannot be read must not become one that can: it gets a value too many, which says why. */
const cellsOf = (layout: MappedLayout, { cells, trouble }: CsvRow): string[] =>
  trouble === undefined ? layout.cells(cells) : [...layout.cells(cells), trouble];

/** A CSV file under the names of a mapping, without the columns that are left out: UTF-8, block by block. */
export async function* mappedFile(bytes: Bytes, form: CsvForm, layout: MappedLayout): AsyncGenerator<Buffer> {
  yield Buffer.from(`\ufeff${row(layout.header)}`);
  let header = true;
  for await (const rows of allRows(bytes, form)) {
    const from = header && rows.length > 0 ? 1 : 0;
    if (from === 1) header = false;
    const text = rows.slice(from).flatMap((one) => (isBlank(one) ? [] : [row(cellsOf(layout, one))]));
    if (text.length > 0) yield Buffer.from(text.join(''));
  }
}
