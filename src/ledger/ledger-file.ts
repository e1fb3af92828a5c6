import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { Fault } from '../fault.ts';
import { type CsvRow, readCsv } from '../file/csv.ts';
import type { Store } from '../store/store.ts';
import { blockWriter } from './block-writer.ts';
import { addTransactions, type Verdict } from './addition.ts';
import { mostItems, orderDifference, type RowGroup, rowGrouper } from './ledger-groups.ts';
import { type LedgerHeader, readHeader } from './ledger-header.ts';
import { type LedgerContext, type Problem, type RowReader, rowReader } from './ledger-row.ts';
import type { NewTransaction } from './transaction.ts';

/** A ledger file: its path, or its bytes with a name. */
export type LedgerSource = { path: string } | { stream: Readable; name: string };

/** How far it is; called after every block. */
export type Progress = (state: { bytes: number; transactions: number }) => void;

/** What became of a ledger file. Counts are of transactions: the item rows of an order count once. */
export interface LedgerFileResult {
  added: number;
  unchanged: number;
  /** Transactions that were not added because of a problem, and rows that could not be read. */
  errors: number;
  /** In order of lines; the first 1,000 only (`errors` counts all). They may hold personal data: for the operator, not for a log. */
  problems: Problem[];
}

const mostProblems = 1000;
const longestValue = 200;

/**
 * Adds the transactions of a CSV file of any size, in bounded memory. A bad row or order is reported and never stops
 * the others; the same file again adds nothing. Blocks are committed as they come, so what was added before a crash
 * stays, and the same file goes on where it stopped.
 * Throws Fault (refuse) `unreadable`, `not-csv`, `bad-header`, `empty-file` when the file is wrong as a whole.
 */
export const addLedgerFile = async (
  store: Store,
  source: LedgerSource,
  context: LedgerContext & { progress?: Progress },
): Promise<LedgerFileResult> => {
  const name = 'path' in source ? basename(source.path) : source.name;
  const result: LedgerFileResult = { added: 0, unchanged: 0, errors: 0, problems: [] };
  const tally = tallyOf(result);
  let bytes = 0;
  const writer = blockWriter<NewTransaction>(store, async (block, write) => {
    const verdicts = await addTransactions(write, block, { channel: 'ledger', source: name });
    return () => {
      for (const [i, verdict] of verdicts.entries()) tally.verdict(verdict, block[i]?.line ?? 0);
      context.progress?.({ bytes, transactions: result.added + result.unchanged });
    };
  });
  let take: Taker | undefined;
  for await (const rows of readCsv(
    bytesOf(source, name, (size) => (bytes += size)),
    { delimiter: ',' },
  )) {
    for (const row of rows) {
      if (take) take.row(row);
      else take = taker(headerOf(row, name), context, tally, writer.push);
    }
    await writer.flushFull();
  }
  if (!take) throw refusal('empty-file', name, 'it is empty', 'it needs at least a header line');
  take.end();
  await writer.end();
  result.problems.sort((a, b) => a.line - b.line);
  return result;
};

const refusal = (code: string, object: string, reason: string, hint: string, cause?: unknown): Fault =>
  new Fault({ operation: 'read', object, reason, hint, next: 'refuse', code, cause });

async function* bytesOf(source: LedgerSource, name: string, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  const stream = 'path' in source ? createReadStream(source.path, { highWaterMark: 1 << 17 }) : source.stream;
  try {
    for await (const chunk of stream) {
      count((chunk as Buffer).length);
      yield chunk as Buffer;
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw refusal(
      'unreadable',
      name,
      error instanceof Error ? error.message : String(error),
      'check the path and who may read it',
      error,
    );
  }
}

const headerOf = (row: CsvRow, name: string): LedgerHeader => {
  if (row.trouble === undefined) return readHeader(row.cells, name);
  throw refusal('bad-header', name, `its header: ${row.trouble}`, 'save it as CSV (UTF-8), separated by commas');
};

interface Tally {
  error(): void;
  problem(line: number, column: string | null, value: string | null, reason: string): void;
  verdict(verdict: Verdict, line: number): void;
}

const tallyOf = (result: LedgerFileResult): Tally => {
  const error = (): void => void result.errors++;
  const problem: Tally['problem'] = (line, column, value, reason) => {
    if (result.problems.length >= mostProblems) return;
    const shown = value !== null && value.length > longestValue ? `${value.slice(0, longestValue)}…` : value;
    result.problems.push({ line, column, value: shown, reason });
  };
  const verdict = (found: Verdict, line: number): void => {
    if (found.kind === 'refused') {
      error();
      problem(line, found.field, found.value, found.reason);
    } else result[found.kind]++;
  };
  return { error, problem, verdict };
};

interface Taker {
  row(row: CsvRow): void;
  end(): void;
}

/** Takes rows one by one and passes on what became a transaction. */
const taker = (
  header: LedgerHeader,
  context: LedgerContext,
  tally: Tally,
  pass: (one: NewTransaction) => void,
): Taker => {
  const reader = rowReader(header, context);
  const grouper = rowGrouper(header);
  const finish = (group: RowGroup | undefined): void => {
    if (!group) return;
    const transaction = readGroup(group, header, reader, tally);
    if (transaction) pass(transaction);
    else tally.error();
  };
  const row = (found: CsvRow): void => {
    if (found.trouble === undefined) return finish(grouper.push(found));
    grouper.pushTorn(found);
    tally.error();
    tally.problem(found.line, null, null, found.trouble);
  };
  return { row, end: () => finish(grouper.end()) };
};

const readGroup = (
  group: RowGroup,
  header: LedgerHeader,
  reader: RowReader,
  tally: Tally,
): NewTransaction | undefined => {
  const [first] = group.rows;
  if (!first) return undefined;
  let good = true;
  const reportAt = (line: number) => (column: string | null, value: string | null, reason: string) => {
    good = false;
    tally.problem(line, column, value, reason);
  };
  const transaction = reader.transaction(first, reportAt(first.line));
  const report = reportAt(first.line);
  if (group.tornAt !== undefined)
    report(null, null, `line ${group.tornAt} of this order could not be read, so none of it was added`);
  if (group.rows.length > mostItems) report(null, null, `the order has more than ${mostItems} item rows`);
  const difference = orderDifference(header, group.rows);
  if (difference) {
    const { index, row } = difference;
    const reason = `it differs from line ${first.line}, and both are items of one order`;
    reportAt(row.line)(header.names[index] ?? null, row.cells[index] ?? null, reason);
  }
  if (transaction && group.hasItems) {
    for (const row of group.rows) {
      const item = reader.item(row, transaction.currency, reportAt(row.line));
      if (item) transaction.items.push(item);
    }
  }
  return good ? transaction : undefined;
};
