import { Fault } from '../fault.ts';

/** How far the parser is: its own count of lines, and the bytes up to the end of the last value. */
interface Position {
  lines: number;
  bytes: number;
}

export interface LineCount {
  hold(chunk: Buffer): void;
  /** The line on which the row that has just ended begins. */
  ofRow(at: Position, cells: string[]): number;
  /** The line on which the value begins that is in trouble. */
  ofTrouble(at: Position): number;
}

/**
 * Physical lines. The parser's own count takes a CRLF inside quotes for two lines, and it does not say where a bad row
 * ends; so wherever its count did not grow by exactly one, the line ends are counted in the bytes themselves.
 */
export const makeLineCount = (): LineCount => {
  let held: Buffer = Buffer.alloc(0);
  let heldFrom = 0;
  let anchor = { offset: 0, line: 1, parserLine: 0 };
  const endLineOf = (row: number): number => {
    const last = held[row - heldFrom - 1];
    const ends = countLineEnds(held, anchor.offset - heldFrom, row - heldFrom);
    return anchor.line + ends - (last === 10 || last === 13 ? 1 : 0);
  };
  return {
    hold: (chunk) => {
      const kept = held.subarray(anchor.offset - heldFrom);
      heldFrom = anchor.offset;
      held = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    },
    ofRow: ({ lines, bytes }, cells) => {
      const plain = lines - anchor.parserLine === 1;
      const end = plain ? anchor.line : endLineOf(bytes);
      anchor = { offset: bytes, line: end + 1, parserLine: lines };
      return plain ? end : end - lineEndsIn(cells);
    },
    ofTrouble: ({ bytes }) => {
      let at = Math.max(bytes, anchor.offset);
      while (held[at - heldFrom] === 10 || held[at - heldFrom] === 13) at++;
      const line = anchor.line + countLineEnds(held, anchor.offset - heldFrom, at - heldFrom);
      anchor = { offset: at, line, parserLine: Number.NaN };
      return line;
    },
  };
};

const countLineEnds = (bytes: Buffer, from: number, to: number): number => {
  let count = 0;
  for (let i = from; i < to; i++) if (bytes[i] === 10 || (bytes[i] === 13 && bytes[i + 1] !== 10)) count++;
  return count;
};

const lineEndsIn = (cells: string[]): number =>
  cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);

const notCsv = (reason: string, hint: string): Fault =>
  new Fault({ operation: 'read', object: 'the CSV file', reason, hint, next: 'refuse', code: 'not-csv' });

/** How a zip archive begins; the letters alone may begin a name. */
const zipEntry = Buffer.from('PK\u0003\u0004');

/** Throws Fault `not-csv` (refuse) for the beginning of something that is plainly another format. */
export const refuseOtherFormats = (start: Buffer): void => {
  const first = start.subarray(0, 2).toString('latin1');
  if (start.subarray(0, 4).equals(zipEntry))
    throw notCsv('it is a zip archive or an Excel workbook', 'save the sheet as CSV (UTF-8)');
  if (first === '\u001f\u008b') throw notCsv('it is compressed with gzip', 'unpack it first');
  if (first === '\u00ff\u00fe' || first === '\u00fe\u00ff') throw notCsv('it is UTF-16', 'save it as CSV (UTF-8)');
};

/**
 * Finds bytes that are not UTF-8, and NUL, which no database keeps. Whole chunks are looked at, and values only in the
 * rows that begin before the end of a chunk with such bytes.
 */
export const makeTextCheck = () => {
  let decoder = new TextDecoder('utf-8', { fatal: true });
  let taken = 0;
  let suspectTo = 0;
  let rowFrom = 0;
  const isClean = (chunk: Buffer, stream: boolean): boolean => {
    try {
      decoder.decode(chunk, { stream });
      return !chunk.includes(0);
    } catch {
      decoder = new TextDecoder('utf-8', { fatal: true });
      return false;
    }
  };
  return {
    look: (chunk: Buffer): void => {
      if (taken === 0) refuseOtherFormats(chunk);
      taken += chunk.length;
      if (!isClean(chunk, true)) suspectTo = taken;
    },
    end: (): void => {
      if (!isClean(Buffer.alloc(0), false)) suspectTo = taken;
    },
    /** What is wrong with the characters of a row that ends at byte `rowTo`. */
    troubleIn: (cells: string[], rowTo: number): string | undefined => {
      const clean = rowFrom >= suspectTo;
      rowFrom = rowTo;
      if (clean) return undefined;
      if (cells.some((cell) => cell.includes('\uFFFD'))) return 'the row is not UTF-8';
      return cells.some((cell) => cell.includes('\0')) ? 'the row contains a NUL character' : undefined;
    },
  };
};
