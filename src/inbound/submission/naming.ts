import type { Knex } from 'knex';
import { int, intOrNull, type Row } from '../../store/store.ts';
import type { Outcome } from './outcome.ts';

/** A line of a submission that names an order, and what became of it. */
export interface Naming {
  /** When the submission ended, or when it was received if it has not; milliseconds. */
  at: number;
  submission: number;
  eventType: number;
  fileName: string;
  line: number;
  outcome: Outcome;
  check: boolean;
}

/** An order may stand in every line of a large file. */
const mostLines = 1000;

/** The lines of all submissions that name an order, in order of acceptance: the newest 1,000 of them. */
export const submissionsNaming = async (db: Knex, orderId: string): Promise<Naming[]> => {
  const rows = (await db('submission_rows as r')
    .join('submissions as s', 's.id', 'r.submission_id')
    .where({ 'r.order_id': orderId })
    .orderBy([
      { column: 'r.submission_id', order: 'desc' },
      { column: 'r.number', order: 'desc' },
    ])
    .limit(mostLines)
    .select('s.id', 's.event_type', 's.file_name', 's.received_at', 's.completed_at', 's.check_only')
    .select('r.line', 'r.outcome')) as Row[];
  return rows.reverse().map((row) => ({
    at: intOrNull(row['completed_at']) ?? int(row['received_at']),
    submission: int(row['id']),
    eventType: int(row['event_type']),
    fileName: String(row['file_name']),
    line: int(row['line']),
    outcome: row['outcome'] as Outcome,
    check: row['check_only'] === true || Number(row['check_only']) === 1,
  }));
};
