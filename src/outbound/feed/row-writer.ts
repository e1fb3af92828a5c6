import { type CsvEncoder, csvEncoder, guardFormula } from '../../file/csv-encode.ts';
import { type CompiledLayout, compileLayout, type Layout } from './layout.ts';
import type { Include } from './selection.ts';

/** Rows of the ledger as lines of a partner's file. */
export interface RowWriter {
  /** SQL expressions a row must hold, in this order; the first is its sequence. */
  sources: string[];
  /** One line, with its line end. */
  line(row: readonly unknown[]): string;
  /** What stands before the first row: byte order mark and header, or nothing. */
  head(): string;
}

export const makeRowWriter = (layout: Layout, include: Include, database: 'sqlite' | 'postgres'): RowWriter => {
  const compiled = compileLayout(layout, include, database);
  const csv = csvEncoder(layout);
  const header = csv.row(layout.columns.map((column) => column.header));
  return {
    sources: compiled.sources,
    line: lineWriter(compiled, csv, layout),
    head: () => (layout.bom ? '\ufeff' : '') + (layout.header ? header : ''),
  };
};

const lineWriter = ({ cells }: CompiledLayout, csv: CsvEncoder, layout: Layout): RowWriter['line'] => {
  const { delimiter, lineEnd } = layout;
  const writers = cells.map(({ write, guarded }) =>
    guarded && layout.guardFormulas === 'text' ? (row: readonly unknown[]) => guardFormula(write(row)) : write,
  );
  if (writers.length === 1) return (row) => csv.row(writers.map((write) => write(row)));
  const [first = () => '', ...rest] = writers;
  return (row) => {
    let line = csv.cell(first(row));
    for (const write of rest) line += delimiter + csv.cell(write(row));
    return line + lineEnd;
  };
};
