import { readCsv } from '../../file/csv.ts';
import { csvEncoder } from '../../file/csv-encode.ts';
import type { Spool } from '../../store/spool.ts';
import { type Outcome, outcomes, sumsOf } from '../submission/outcome.ts';
import { resultName } from '../submission/result-file.ts';
import type { Submission } from '../submission/submission.ts';
import { type Answered, rejectedName, type ReplyKind } from './reply.ts';

/** A file to send along. */
export interface Attachment {
  name: string;
  bytes: Buffer;
}

/** Bytes of all files of one answer; mail servers rarely take more than 10 MB, and base64 adds a third. */
export const mostAttached = 6 * 1024 * 1024;

const isError = (outcome: string | undefined): boolean =>
  outcome !== undefined && Object.hasOwn(outcomes, outcome) && outcomes[outcome as Outcome].kind === 'error';

/** The place of the column that holds the outcome: the result file's last four are ours. */
const outcomeFromEnd = -3;

/** The lines of a result file that were rejected, with its header; undefined when they take more than `room` bytes. */
const rejectedLines = async (
  source: AsyncIterable<Buffer>,
  delimiter: Delimiter,
  room: number,
): Promise<Buffer | undefined> => {
  const { row } = csvEncoder({ delimiter, lineEnd: '\r\n' });
  const texts: Buffer[] = [];
  let [bytes, first] = [0, true];
  for await (const rows of readCsv(source, { delimiter })) {
    let text = '';
    for (const { cells } of rows) {
      if (first) text += `\ufeff${row(cells)}`;
      else if (isError(cells.at(outcomeFromEnd))) text += row(cells);
      first = false;
    }
    texts.push(Buffer.from(text));
    bytes += texts.at(-1)?.length ?? 0;
    if (bytes > room) return undefined;
  }
  return Buffer.concat(texts);
};

type Delimiter = Parameters<typeof readCsv>[1]['delimiter'];

const bytesOf = async (source: AsyncIterable<Buffer>, room: number): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > room) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const tooLarge = 'is too large to be attached; ask for the result file of this submission.';

/** What one submission adds to an answer: its part of the text, and the files for which there is still room. */
export const answerFor = async (
  spool: Spool,
  kind: ReplyKind,
  submission: Submission,
  room: number,
): Promise<{ answered: Answered; files: Attachment[] }> => {
  const { resultSpool, reading, expiredAt, fileName, outcomes: counts } = submission;
  if (resultSpool === null || reading === null || expiredAt !== null) return { answered: { submission }, files: [] };
  const files: Attachment[] = [];
  const answered: Answered = { submission };
  if (sumsOf(counts).errors > 0) {
    const bytes = await rejectedLines(spool.read(resultSpool), reading.delimiter, room);
    const name = rejectedName(fileName);
    if (bytes) files.push({ name, bytes });
    if (bytes) answered.rejected = name;
    else answered.missing = `The file of the rejected lines ${tooLarge}`;
  }
  if (kind === 'result') {
    const bytes = await bytesOf(spool.read(resultSpool), room - (files[0]?.bytes.length ?? 0));
    const name = resultName(fileName);
    if (bytes) files.push({ name, bytes });
    if (bytes) answered.result = name;
    else answered.missing ??= `The result file ${tooLarge}`;
  }
  return { answered, files };
};
