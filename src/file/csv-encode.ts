/** Writes values as RFC 4180 text. */
export interface CsvEncoder {
  /** One value, in quotes only where it has to be: it holds the delimiter, a quote, CR or LF, or begins or ends with a space. */
  cell(text: string): string;
  /** A whole row with its line end. A row of one empty value is `""`, as a blank line would be skipped by readers. */
  row(cells: readonly string[]): string;
}

export interface CsvDialect {
  delimiter: string;
  lineEnd: string;
  /** `always`: every value is quoted, empty ones too; only where it has to be without it. */
  quote?: 'needed' | 'always';
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The hot path's own encoder; csv-stringify (`csv.ts`) is slower and its test oracle. */
export const csvEncoder = ({ delimiter, lineEnd, quote }: CsvDialect): CsvEncoder => {
  // One compiled expression beats a loop over char codes and a chain of `includes` (measured on values of 2–40 characters).
  const special = new RegExp(`[${delimiter}"\\r\\n]|^ | $`);
  const cell = quote === 'always' ? quoted : (text: string): string => (special.test(text) ? quoted(text) : text);
  const row = (cells: readonly string[]): string =>
    (cells.length === 1 && cells[0] === '' ? '""' : cells.map(cell).join(delimiter)) + lineEnd;
  return { cell, row };
};

/**
 * Keeps a spreadsheet from taking text for a formula: puts `'` before text that begins with `= + - @`, tab or CR.
 * For text columns only: a number, an amount or a phone number may begin with a sign.
 */
export const guardFormula = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** What begins with a sign and cannot be calculated to anything else: digits with their separators. */
const signedNumber = /^[+-][\d.,' \u00a0%]*$/;

/** The same for a column of which nobody knows whether it holds text: numbers stay as they are. */
export const guardUnlessNumber = (text: string): string => (signedNumber.test(text) ? text : guardFormula(text));
