/** What people see of a column: how its value is written and on which side it stands. */
export interface TableColumn<Row> {
  title: string;
  text: (row: Row) => string;
  align?: 'left' | 'right';
}

/** stdout is for the answer, stderr for everything said on the way. */
export interface Output {
  json: boolean;
  /** The answer: with `--json` the value as one JSON document, otherwise what `human` makes of it. Once per command. */
  answer<T>(value: T, human: (value: T) => string): void;
  /** A part of the answer for people, as it comes; nothing with `--json`. */
  part(text: string): void;
  /** A sentence for the person at the terminal. */
  say(sentence: string): void;
  /** Where a progress line may be drawn; undefined when stderr is no terminal. */
  terminal: { write(text: string): void } | undefined;
}

export interface Streams {
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown; isTTY?: boolean };
}

/** Money and counts beyond 2^53 stay exact as text. */
const exact = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

export const makeOutput = (json: boolean, { stdout, stderr }: Streams): Output => ({
  json,
  answer: (value, human) => {
    const text = json ? JSON.stringify(value, exact, 2) : human(value);
    if (text !== '') stdout.write(`${text}\n`);
  },
  part: (text) => {
    if (!json) stdout.write(`${text}\n`);
  },
  say: (sentence) => void stderr.write(`${sentence}\n`),
  terminal: stderr.isTTY ? { write: (text) => void stderr.write(text) } : undefined,
});

/** Characters that would move a terminal's cursor or change its colours are shown as `?`: names come from outside. */
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');

/** Rows in columns, with a heading; `nothing` when there are none. */
export const table = <Row>(rows: readonly Row[], columns: readonly TableColumn<Row>[], nothing: string): string => {
  if (rows.length === 0) return nothing;
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => printable(text(row)))),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? '').length)));
  const pad = (cell: string, column: number): string =>
    columns[column]?.align === 'right' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return cells.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
};

const groups = new Intl.NumberFormat('en');

/** 1234567 → `1,234,567`. */
export const count = (n: number): string => groups.format(n);

/** `1 row`, `2 rows`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** An instant in JSON (ISO, UTC, milliseconds) as people read it, to the second. */
export const moment = (iso: string | null): string =>
  iso === null ? '-' : iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
