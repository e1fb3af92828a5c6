import type { Knex } from 'knex';
import { type Bound, columnsOf } from '../../store/array-literal.ts';
import { preparedOnce } from '../../store/prepared.ts';
import { int, type Row, type Writer } from '../../store/store.ts';
import type { Verdict } from './judge-group.ts';
import { type Outcome, outcomes } from './outcome.ts';

/** The outcome of one data line, as it is shown. */
export interface OutcomeRow {
  line: number;
  orderId: string | null;
  outcome: Outcome;
  message: string;
  hint: string;
}

const names = 'submission_id, number, line, order_id, outcome, message, hint';
const width = 7;
const insertMany = `insert into submission_rows (${names})
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])`;

const insertOne = preparedOnce((db) =>
  db.prepare(`insert into submission_rows (${names}) values (?, ?, ?, ?, ?, ?, ?)`),
);

/** Where the table of outcomes says it all, nothing is stored beside the outcome. */
const valuesOf = (submissionId: number, { record, orderId, outcome, message, hint }: Verdict): Bound[] => [
  ...[submissionId, record.number, record.line, orderId],
  ...[outcome, message ?? null, hint ?? null],
];

/** Writes the outcomes of a chunk, in the caller's database transaction. The hot path: raw statements. */
export const insertRows = async (
  { raw }: Writer,
  submissionId: number,
  verdicts: readonly Verdict[],
): Promise<void> => {
  const rows = verdicts.map((verdict) => valuesOf(submissionId, verdict));
  if (raw.kind === 'sqlite') {
    const insert = insertOne(raw.db);
    for (const row of rows) insert.run(row);
    return;
  }
  await raw.client.query({ name: 'insert outcomes', text: insertMany, values: columnsOf(rows, width) });
};

/** An outcome with its sentences: the line's own, else those of the table of outcomes. */
export const toldOf = ({
  outcome,
  message,
  hint,
}: {
  outcome: Outcome;
  message?: string | null;
  hint?: string | null;
}): Pick<OutcomeRow, 'outcome' | 'message' | 'hint'> => ({
  outcome,
  message: message ?? outcomes[outcome].message,
  hint: hint ?? outcomes[outcome].hint,
});

const readRow = (row: Row): OutcomeRow => ({
  line: int(row['line']),
  orderId: row['order_id'] as string | null,
  ...toldOf({
    outcome: row['outcome'] as Outcome,
    message: row['message'] as string | null,
    hint: row['hint'] as string | null,
  }),
});

/** The outcomes of a submission's lines in their order, of those behind the first `after`, at most `count` of them. */
export const findRows = async (
  db: Knex,
  submissionId: number,
  { after = 0, count }: { after?: number; count?: number } = {},
): Promise<OutcomeRow[]> => {
  const query = db('submission_rows').where({ submission_id: submissionId }).orderBy('number');
  if (after > 0) void query.andWhere('number', '>', after);
  if (count !== undefined) void query.limit(count);
  return ((await query) as Row[]).map(readRow);
};
