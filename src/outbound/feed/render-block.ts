import type { Fault } from '../../fault.ts';
import { textEncoding } from '../../file/encoding.ts';
import { cellNotEncodable } from './cell-fault.ts';
import type { Layout } from './layout.ts';
import { membersOf } from './members.ts';
import type { Block } from './render-message.ts';
import type { RowWriter } from './row-writer.ts';

type Row = readonly unknown[];

/** A row with a value that its file cannot hold. */
export interface BadRow {
  sequence: number;
  fault: Fault;
}

/** Rows as the bytes of a file. Undefined when a value cannot be written; `badRow` then says which. */
export const makeBlockWriter = (writer: RowWriter, layout: Layout): ((rows: readonly Row[]) => Block | undefined) => {
  const encoding = textEncoding(layout.encoding ?? 'utf-8');
  return (rows) => {
    const sequences: number[] = [];
    const ends = layout.split && new Uint32Array(rows.length);
    let length = 0;
    let text = '';
    for (const row of rows) {
      const line = writer.line(row);
      if (line === undefined) return undefined;
      if (ends) ends[sequences.length] = length += encoding.bytesOf(line);
      sequences.push(Number(row[0]));
      text += line;
    }
    const bytes = encoding.encode(text);
    return bytes && { bytes, ...(ends && { ends }), ...membersOf(sequences) };
  };
};

/** The first row that cannot be written. Rows are looked at one by one only when it is known that there is one. */
export const badRow = (writer: RowWriter, layout: Layout, rows: readonly Row[]): BadRow => {
  const headers = layout.columns.map(({ header }) => header);
  for (const row of rows) {
    const values = writer.values(row);
    const fault = writer.trouble(values) ?? cellNotEncodable(headers, values, layout.encoding ?? 'utf-8');
    if (fault) return { sequence: Number(row[0]), fault };
  }
  throw new Error('a block cannot be written, but every row of it can');
};
