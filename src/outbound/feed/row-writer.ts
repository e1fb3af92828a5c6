import type { Fault } from '../../fault.ts';
import { type CsvEncoder, csvEncoder, guardFormula } from '../../file/csv-encode.ts';
import { type FixedColumn, fixedCell } from '../../file/fixed-width.ts';
import { ndjsonEncoder } from '../../file/ndjson-encode.ts';
import { cellTooWide } from './cell-fault.ts';
import type { Column } from './feed.ts';
import { type CellWriter, compileLayout, type Layout } from './layout.ts';
import type { Include } from './selection.ts';

/** Rows of the ledger as lines of a partner's file. */
export interface RowWriter {
  /** SQL expressions a row must hold, in this order; the first is its sequence. */
  sources: string[];
  /** One line, with its line end. Undefined when a value does not fit; `trouble` then says which. */
  line(row: readonly unknown[]): string | undefined;
  /** What stands before the first row: byte order mark and header, or nothing. */
  head(): string;
  /** The values of a row as its line shows them, without quotes or filling. */
  values(row: readonly unknown[]): string[];
  /** The fault of the first of these values that does not fit into its column. */
  trouble(values: readonly string[]): Fault | undefined;
}

/** How values become lines, in one format. */
interface Lines {
  header: string;
  line: RowWriter['line'];
}

export const makeRowWriter = (layout: Layout, include: Include, database: 'sqlite' | 'postgres'): RowWriter => {
  const { sources, cells } = compileLayout(layout, include, database);
  const writers = cells.map(({ write, guarded }) =>
    guarded && layout.guardFormulas === 'text' ? (row: readonly unknown[]) => guardFormula(write(row)) : write,
  );
  const lines = linesOf(layout, writers);
  return {
    sources,
    line: lines.line,
    head: () => (layout.bom ? '\ufeff' : '') + (layout.header ? lines.header : ''),
    values: (row) => writers.map((write) => write(row)),
    trouble: (values) => (layout.format === 'fixed' ? firstTooWide(layout.columns, values) : undefined),
  };
};

const linesOf = (layout: Layout, writers: readonly CellWriter[]): Lines => {
  const format = layout.format ?? 'csv';
  const names = layout.columns.map(({ header }) => header);
  switch (format) {
    case 'csv': {
      const csv = csvEncoder(layout);
      return { header: csv.row(names), line: csvLine(writers, csv, layout) };
    }
    case 'fixed': {
      const write = fixedLine(layout);
      return { header: write((index) => names[index]) ?? '', line: (row) => write((index) => writers[index]?.(row)) };
    }
    case 'ndjson': {
      const object = ndjsonEncoder(names, layout.lineEnd).row;
      return { header: '', line: (row) => object(writers.map((write) => write(row))) };
    }
    default:
      return format satisfies never;
  }
};

const csvLine = (writers: readonly CellWriter[], csv: CsvEncoder, { delimiter, lineEnd }: Layout): Lines['line'] => {
  if (writers.length === 1) return (row) => csv.row(writers.map((write) => write(row)));
  const [first = () => '', ...rest] = writers;
  return (row) => {
    let line = csv.cell(first(row));
    for (const write of rest) line += delimiter + csv.cell(write(row));
    return line + lineEnd;
  };
};

const fixedColumn = (column: Column): FixedColumn => ({ ...column, width: column.width ?? 0 });

const fixedLine = ({ columns, lineEnd }: Layout) => {
  const cells = columns.map((column) => fixedCell(fixedColumn(column)));
  return (valueOf: (index: number) => string | undefined): string | undefined => {
    let line = '';
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index]?.(valueOf(index) ?? '');
      if (cell === undefined) return undefined;
      line += cell;
    }
    return line + lineEnd;
  };
};

const firstTooWide = (columns: readonly Column[], values: readonly string[]): Fault | undefined =>
  columns
    .map((column, index) => cellTooWide(column.header, values[index] ?? '', fixedColumn(column)))
    .find((fault) => fault !== undefined);
