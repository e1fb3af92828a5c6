import type { CsvRow } from '../../file/csv.ts';
import { type Bytes, decoded, type SourceEncoding } from '../../file/decode.ts';
import { readXml } from '../../file/xml.ts';
import type { XmlGroup, XmlRecord, XmlValue } from '../../file/xml-record.ts';
import { badHeader, bare } from './header.ts';

/** How the characters of an XML file are written. */
interface Encoded {
  encoding: SourceEncoding;
  mark: boolean;
}

/** One item of a record, or the record where it has none. */
interface FlatRow extends XmlGroup {
  trouble: string | undefined;
}

const isItem = ({ values }: XmlGroup): boolean => values.some(({ name }) => /^(sku|quantity)$/.test(bare(name)));

const isBlank = ({ text }: XmlValue): boolean => text.trim() === '';

/** A name twice in a row, with something to say both times. */
const doubledIn = (values: readonly XmlValue[]): string | undefined => {
  const seen = new Set<string>();
  for (const value of values) {
    if (isBlank(value)) continue;
    if (seen.has(bare(value.name))) return `${value.name} is there twice`;
    seen.add(bare(value.name));
  }
  return undefined;
};

/**
 * A record as the rows of a CSV file: one, or one for each nested item with the record's own values beside it. What is
 * nested and no item counts as the record's own.
 */
const flat = ({ line, values, groups, trouble }: XmlRecord): FlatRow[] => {
  if (groups.length === 0) return [{ line, values, trouble: trouble ?? doubledIn(values) }];
  const items = groups.filter(isItem);
  const own = [...values, ...groups.filter((group) => !isItem(group)).flatMap((group) => group.values)];
  const rows = items.length === 0 ? [{ line, values: [] }] : items;
  return rows.map((row) => {
    const all = [...own, ...row.values];
    return { line: row.line, values: all, trouble: trouble ?? doubledIn(all) };
  });
};

async function* flatRows(bytes: Bytes, encoded: Encoded): AsyncGenerator<FlatRow[]> {
  for await (const records of readXml(decoded(bytes(), encoded)))
    yield records.flatMap(flat).filter(({ values, trouble }) => trouble !== undefined || !values.every(isBlank));
}

const mostColumns = 500;
const longestName = 255;

/** Cells of a block: every row has all columns, also where a record names one of them only. */
const blockCells = 200_000;

/**
 * The columns of an XML file: the names of all values in it, in order of their first appearance; none for a file without
 * records. Reads the file from end to end, so that one that is damaged anywhere is refused before anything of it is applied.
 * Throws Fault (refuse) `bad-xml` and `bad-header`.
 */
export const xmlHeader = async (bytes: Bytes, encoded: Encoded): Promise<string[]> => {
  const names = new Map<string, string>();
  for await (const rows of flatRows(bytes, encoded))
    for (const { values } of rows)
      for (const { name } of values) {
        if (names.has(bare(name))) continue;
        if (name.length > longestName) throw badHeader('it has a name of more than 255 characters', 'shorten it');
        if (names.size >= mostColumns)
          throw badHeader(`it has more than ${mostColumns} names`, 'give each record the same elements');
        names.set(bare(name), name);
      }
  return [...names.values()];
};

/** The records of an XML file as rows under these columns, in blocks; the line is that of the record or its item. */
export async function* xmlRows(bytes: Bytes, encoded: Encoded, header: readonly string[]): AsyncGenerator<CsvRow[]> {
  const places = new Map(header.map((name, place) => [bare(name), place]));
  const rowOf = ({ line, values, trouble }: FlatRow): CsvRow => {
    const cells = header.map(() => '');
    for (const value of values) {
      const place = places.get(bare(value.name));
      if (place !== undefined && !isBlank(value)) cells[place] = value.text;
    }
    return { line, cells, trouble };
  };
  const size = Math.max(1, Math.floor(blockCells / Math.max(1, header.length)));
  for await (const rows of flatRows(bytes, encoded))
    for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size).map(rowOf);
}
