import type { Knex } from 'knex';
import { cutPage, type Page } from '../../store/page.ts';
import { int, type Row } from '../../store/store.ts';
import { type Outcome, outcomes } from './outcome.ts';
import type { OutcomeRow } from './rows.ts';

/** An outcome with the place of its line among the data lines, from 1 on, by which lists go on. */
export type NumberedRow = OutcomeRow & { id: number };

export interface RowFilter {
  outcome?: Outcome;
}

/** A page of the outcomes of a submission's lines. */
export const findRowPage = async (
  db: Knex,
  submissionId: number,
  { outcome }: RowFilter,
  page: Page,
): Promise<NumberedRow[]> => {
  const query = db('submission_rows').where({ submission_id: submissionId });
  if (outcome !== undefined) void query.where({ outcome });
  cutPage(query, 'number', page);
  return ((await query) as Row[]).map((row) => {
    const code = row['outcome'] as Outcome;
    const message = (row['message'] as string | null) ?? outcomes[code].message;
    const hint = (row['hint'] as string | null) ?? outcomes[code].hint;
    const orderId = row['order_id'] as string | null;
    return { id: int(row['number']), line: int(row['line']), orderId, outcome: code, message, hint };
  });
};
