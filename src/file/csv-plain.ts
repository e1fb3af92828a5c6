import { isUtf8 } from 'node:buffer';

/** One row of a CSV file. */
export interface CsvRow {
  /** Physical line on which the row begins, from 1. */
  line: number;
  /** The values as they are. In a row with trouble: as far as they could be read. */
  cells: string[];
  /** Why the row cannot be used, in a sentence; undefined for a good row. */
  trouble: string | undefined;
}

/** How far the plain rows went: what a reader needs to go on behind them. */
export interface PlainEnd {
  /** Physical line on which the next row begins, from 1. */
  line: number;
  /** Values of each row; undefined when there was none yet. */
  width: number | undefined;
}

export interface PlainBlock {
  rows: CsvRow[];
  /** The bytes from the first row on that is not plain; undefined while all are. */
  odd?: Buffer;
}

/** Takes the plain rows of a file. Nothing may be given after it has answered with `odd`. */
export interface PlainReader {
  take(chunk: Buffer): PlainBlock;
  finish(): PlainBlock;
  end(): PlainEnd;
}

const [lineFeed, quote] = [10, 34];

/** Longer rows are left to the parser, so that one without an end is found early. */
const longestPlain = 1 << 16;

const mark = Buffer.from('efbbbf', 'hex');

const newline = /\r\n|\r|\n/g;

/** A row as it lies in the text: its values, the place behind its line end, and line ends within quotes. */
interface Found {
  cells: string[];
  next: number;
  within: number;
}

/** The place where a line's text ends, without its CR. */
const withoutCr = (text: string, from: number, end: number): number =>
  end > from && text[end - 1] === '\r' ? end - 1 : end;

/** A value in quotes that opens at `at`, and the place behind it; undefined while it is not closed. */
const quotedCell = (text: string, at: number): { value: string; next: number } | undefined => {
  let value = '';
  for (let from = at + 1; ;) {
    const end = text.indexOf('"', from);
    if (end < 0) return undefined;
    const doubled = text.charCodeAt(end + 1) === quote;
    value += text.slice(from, doubled ? end + 1 : end);
    if (!doubled) return { value, next: end + 1 };
    from = end + 2;
  }
};

/** A row with quotes. `open`: it goes on behind the text; `odd`: it is not plain. */
const quotedRow = (text: string, at: number, delimiter: string): Found | 'open' | 'odd' => {
  const cells: string[] = [];
  let within = 0;
  for (let from = at; ;) {
    let stop: number;
    if (text.charCodeAt(from) === quote) {
      const cell = quotedCell(text, from);
      if (!cell) return 'open';
      cells.push(cell.value);
      within += cell.value.match(newline)?.length ?? 0;
      stop = cell.next;
    } else {
      stop = endOfBare(text, from, delimiter);
      const cell = text.slice(from, stop);
      if (/["\r]/.test(cell)) return 'odd';
      cells.push(cell);
    }
    if (text[stop] === delimiter) {
      from = stop + 1;
      continue;
    }
    if (text[stop] === '\r' && (stop + 1 === text.length || text.charCodeAt(stop + 1) === lineFeed)) stop++;
    return stop >= text.length || text.charCodeAt(stop) === lineFeed ? { cells, next: stop + 1, within } : 'odd';
  }
};

const endOfBare = (text: string, from: number, delimiter: string): number => {
  const found = text.indexOf('\n', from);
  const end = withoutCr(text, from, found < 0 ? text.length : found);
  const next = text.indexOf(delimiter, from);
  return next >= 0 && next < end ? next : end;
};

/** Where something stands next, looked for only when the last place is passed. */
const nextOf = (text: string, what: string) => {
  let place = -1;
  return (from: number): number => {
    if (place >= from) return place;
    const found = text.indexOf(what, from);
    return (place = found < 0 ? Infinity : found);
  };
};

/** Takes rows from the beginning of a text that ends with a line end, or is the last of the file. */
const scan = (text: string, delimiter: string, from: PlainEnd, longest: number) => {
  const [nextQuote, nextCr] = [nextOf(text, '"'), nextOf(text, '\r')];
  const rows: CsvRow[] = [];
  let { line, width } = from;
  let at = 0;
  let why: 'open' | 'odd' | undefined;
  const bareRow = (end: number): Found | 'odd' => {
    const stop = withoutCr(text, at, end);
    if (nextCr(at) < stop) return 'odd';
    return { cells: stop === at ? [] : text.slice(at, stop).split(delimiter), next: end + 1, within: 0 };
  };
  while (at < text.length) {
    const lf = text.indexOf('\n', at);
    const end = lf < 0 ? text.length : lf;
    const found = nextQuote(at) < end ? quotedRow(text, at, delimiter) : bareRow(end);
    if (found === 'open' || found === 'odd') why = found;
    else if (found.cells.length > 0 && found.cells.length !== (width ??= found.cells.length)) why = 'odd';
    else if (found.next - at > longest) why = 'odd';
    if (why || typeof found === 'string') break;
    if (found.cells.length > 0) rows.push({ line, cells: found.cells, trouble: undefined });
    [at, line] = [found.next, line + 1 + found.within];
  }
  return { rows, at, why, end: { line, width } };
};

/**
 * The quick way through a CSV file, for rows that are plain: UTF-8 without NUL, lines that end with LF or CRLF, as many
 * values as the first row, quotes only around whole values. Blank lines are passed over. It decides nothing else: from
 * the first row on that is anything else the bytes are given back, for a parser that knows what to say of them.
 */
export const plainReader = ({ delimiter, maxRowBytes }: { delimiter: string; maxRowBytes: number }): PlainReader => {
  const longest = Math.min(longestPlain, maxRowBytes / 3); // a unit of text takes at most three bytes of UTF-8
  const held = holder();
  let end: PlainEnd = { line: 1, width: undefined };
  const read = (bytes: Buffer, last: boolean): PlainBlock => {
    if (!isUtf8(bytes) || bytes.includes(0)) return { rows: [], odd: bytes };
    const text = bytes.toString('utf8');
    const found = scan(text, delimiter, end, longest);
    end = found.end;
    const rest = Buffer.from(found.why === undefined ? '' : text.slice(found.at));
    if (found.why === 'odd' || (found.why === 'open' && (last || rest.length > longest)))
      return { rows: found.rows, odd: rest };
    held.push(rest);
    return { rows: found.rows };
  };
  const take = (chunk: Buffer): PlainBlock => {
    const lineEnd = chunk.lastIndexOf(lineFeed) + 1;
    if (lineEnd === 0) {
      held.push(chunk);
      return held.length() > longest ? { rows: [], odd: held.takeAll() } : { rows: [] };
    }
    held.push(chunk.subarray(0, lineEnd));
    const block = read(held.takeAll(), false);
    const behind = chunk.subarray(lineEnd);
    if (block.odd) return { rows: block.rows, odd: Buffer.concat([block.odd, behind]) };
    held.push(behind);
    return block;
  };
  const finish = (): PlainBlock => (held.length() > 0 ? read(held.takeAll(), true) : { rows: [] });
  return { take, finish, end: () => end };
};

/** Bytes that wait for a line end. The mark at the beginning of the file is left out. */
const holder = () => {
  let pieces: Buffer[] = [];
  let begun = false;
  return {
    push: (piece: Buffer): void => void pieces.push(piece),
    length: (): number => pieces.reduce((sum, piece) => sum + piece.length, 0),
    takeAll: (): Buffer => {
      const bytes = Buffer.concat(pieces);
      const marked = !begun && bytes.subarray(0, 3).equals(mark);
      [pieces, begun] = [[], true];
      return marked ? bytes.subarray(3) : bytes;
    },
  };
};
