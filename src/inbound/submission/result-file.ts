import type { CsvRow } from '../../file/csv.ts';
import { csvEncoder, guardUnlessNumber } from '../../file/csv-encode.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import type { Verdict } from './judge-group.ts';
import { oneBehind } from './one-behind.ts';
import type { Reading } from './reading.ts';
import { findRows, type OutcomeRow, toldOf } from './rows.ts';

/** Lines read from the database at a time. */
const pageSize = 2000;

const ownColumns = ['line', 'outcome', 'message', 'hint'];

async function* outcomesOf(store: Store, id: number): AsyncGenerator<OutcomeRow> {
  for (let after = 0; ; after += pageSize) {
    const page = await findRows(store.read, id, { after, count: pageSize });
    yield* page;
    if (page.length < pageSize) return;
  }
}

/** The sender's columns and ours; where the file has some of ours already, it was a result file, and they are replaced. */
const layoutOf = ({ columns: { header } }: Reading) => {
  const kept = header.flatMap((name, i) => (ownColumns.includes(name.trim().toLowerCase()) ? [] : [i]));
  return {
    header: [...kept.map((i) => guardUnlessNumber(header[i] ?? '')), ...ownColumns],
    cells: (cells: readonly string[]): string[] => kept.map((i) => guardUnlessNumber(cells[i] ?? '')),
  };
};

type OwnCells = Pick<OutcomeRow, 'line' | 'outcome' | 'message' | 'hint'>;

/** The text of a line, from the sender's cells and ours. */
const lineWriter = (reading: Reading) => {
  const { row } = csvEncoder({ delimiter: reading.delimiter, lineEnd: '\r\n' });
  const { header, cells } = layoutOf(reading);
  return {
    header: (): string => `\ufeff${row(header)}`,
    line: (given: readonly string[], { line, outcome, message, hint }: OwnCells): string =>
      row([...cells(given), String(line), outcome, message, hint]),
  };
};

/** A result file that grows with the submission; kept when all lines have their outcomes. */
export interface ResultDraft {
  /** The next rows, whose outcomes an earlier owner has committed: they are read back. */
  addDone(rows: readonly CsvRow[]): Promise<void>;
  /** The next lines, whose outcomes are committed now. The writing goes on while the caller does something else. */
  add(verdicts: readonly Verdict[]): Promise<void>;
  /** Makes it last. Resolves to its spool name. */
  keep(): Promise<string>;
  drop(): Promise<void>;
}

const nextOutcome = async (outcomes: AsyncGenerator<OutcomeRow>): Promise<OutcomeRow> => {
  const next = await outcomes.next();
  if (next.done) throw new Error('a line of the file has no outcome');
  return next.value;
};

/**
 * Begins a result file: the sender's own columns, then `line`, `outcome`, `message` and `hint` of each line; UTF-8 with
 * BOM, so that spreadsheets read it right, separated as the file was; what they would calculate has a `'` in front, as
 * strangers wrote it and people here open it. It is written beside the chunks, each part once its
 * chunk is committed; a process that dies leaves a draft that is swept, and the next owner begins anew.
 */
export const beginResult = async (
  { store, spool }: { store: Store; spool: Spool },
  id: number,
  reading: Reading,
): Promise<ResultDraft> => {
  const { header, line } = lineWriter(reading);
  const outcomes = outcomesOf(store, id);
  const draft = await spool.draft();
  const { push, done, settled } = oneBehind((text: string) => draft.handle.writeFile(text));
  let lines = 0;
  await push(header());
  return {
    addDone: async (rows) => {
      let text = '';
      for (const { cells } of rows) text += line(cells, await nextOutcome(outcomes));
      lines += rows.length;
      await push(text);
    },
    add: async (verdicts) => {
      let text = '';
      for (const { record, ...verdict } of verdicts) {
        if (record.number !== ++lines) throw new Error('the outcomes of a chunk are not in the order of its lines');
        text += line(record.cells, { line: record.line, ...toldOf(verdict) });
      }
      await push(text);
    },
    keep: async () => {
      await done();
      return draft.keep();
    },
    drop: async () => {
      await settled();
      await draft.drop();
    },
  };
};

/** What the result file is called: it is CSV, whatever the file was. */
export const resultName = (fileName: string): string => `result_${fileName.replace(/\.xml$/i, '.csv')}`;
