import { csvEncoder } from '../../file/csv-encode.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { dataRows, type Reading } from './reading.ts';
import { findRows, type OutcomeRow } from './rows.ts';
import type { Submission } from './submission.ts';

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
    header: [...kept.map((i) => header[i] ?? ''), ...ownColumns],
    cells: (cells: readonly string[]): string[] => kept.map((i) => cells[i] ?? ''),
  };
};

/** The text of the result file, block by block. */
async function* resultText(
  store: Store,
  spool: Spool,
  submission: Submission,
  reading: Reading,
): AsyncGenerator<string> {
  const { row } = csvEncoder({ delimiter: reading.delimiter, lineEnd: '\r\n' });
  const layout = layoutOf(reading);
  const outcomes = outcomesOf(store, submission.id);
  yield `\ufeff${row(layout.header)}`;
  for await (const rows of dataRows(() => spool.read(submission.spool), reading)) {
    let text = '';
    for (const { cells } of rows) {
      const next = await outcomes.next();
      if (next.done) throw new Error('a line of the file has no outcome');
      const { line, outcome, message, hint } = next.value;
      text += row([...layout.cells(cells), String(line), outcome, message, hint]);
    }
    yield text;
  }
}

/**
 * Writes the result file into the spool: the sender's own columns, then `line`, `outcome`, `message` and `hint` of each
 * line; UTF-8 with BOM, so that spreadsheets read it right, separated as the file was. Resolves to its spool name.
 */
export const writeResult = async (
  store: Store,
  spool: Spool,
  submission: Submission,
  reading: Reading,
): Promise<string> => {
  const draft = await spool.draft();
  try {
    for await (const text of resultText(store, spool, submission, reading)) await draft.handle.writeFile(text);
    return await draft.keep();
  } catch (error) {
    await draft.drop();
    throw error;
  }
};

/** What the result file is called. */
export const resultName = (fileName: string): string => `result_${fileName}`;
