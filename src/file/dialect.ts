/** What separates the values of a CSV file. */
export const delimiters = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof delimiters)[number];

/** How a CSV file is to be read, found once and kept. */
export interface Dialect {
  delimiter: Delimiter;
  /** Bytes at the beginning that say how to read the file (`sep=;`, as Excel writes it) and are not data. */
  skip: number;
}

const longestHeader = 1 << 16;

const separatorLine = /^"?sep=([,;|\t])"?(?=\r|\n|$)/i;

/** The first line that is not blank; a line end inside quotes does not end it. */
const headerOf = (text: string): string => {
  let quoted = false;
  let line = '';
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    const ends = !quoted && (character === '\n' || character === '\r');
    if (ends && line !== '') return line;
    if (!ends) line += character;
  }
  return line;
};

const countOutsideQuotes = (line: string, delimiter: string): number =>
  line.split('"').reduce((sum, part, i) => sum + (i % 2 === 0 ? part.split(delimiter).length - 1 : 0), 0);

/**
 * Finds the delimiter from the beginning of a file (UTF-8, without BOM; the first 64 KB are enough): the one that
 * stands most often in the header, of equals the first of `,` `;` tab `|`. A first line `sep=;` decides.
 */
export const detectDialect = (start: Buffer): Dialect => {
  const text = start.subarray(0, longestHeader).toString('utf8');
  const said = separatorLine.exec(text);
  if (said) return { delimiter: said[1] as Delimiter, skip: Buffer.byteLength(said[0]) };
  const header = headerOf(text);
  const counts = delimiters.map((delimiter) => countOutsideQuotes(header, delimiter));
  const most = Math.max(...counts);
  return { delimiter: delimiters[counts.indexOf(most)] ?? ',', skip: 0 };
};

/** Leaves out the first `count` bytes. */
export async function* withoutFirst(source: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of source) {
    const part = left > 0 ? chunk.subarray(left) : chunk;
    left = Math.max(0, left - chunk.length);
    if (part.length > 0) yield part;
  }
}
