import type { NewTransaction } from '../../ledger/transaction.ts';
import { customerIdOf } from '../../ledger/transaction.ts';
import type { Row, Writer } from '../../store/store.ts';

/** Parameters of one statement; both databases allow many more. */
const atATime = 500;

const inSlices = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / atATime) }, (_, i) => all.slice(i * atATime, (i + 1) * atATime));

const textsFrom = async (
  values: readonly string[],
  column: string,
  find: (slice: readonly string[]) => PromiseLike<Row[]>,
): Promise<Set<string>> => {
  const found = new Set<string>();
  for (const slice of inSlices(values)) for (const row of await find(slice)) found.add(String(row[column]));
  return found;
};

/** Of some orders, those that lines of earlier chunks of the same file name. */
export const ordersNamed = (
  { knex }: Writer,
  submissionId: number,
  orderIds: readonly string[],
): Promise<Set<string>> =>
  textsFrom(orderIds, 'order_id', (slice) =>
    knex('submission_rows').where({ submission_id: submissionId }).whereIn('order_id', slice).distinct('order_id'),
  );

/** Of some orders, those that earlier chunks of a dry run would have created. */
export const ordersChecked = (
  { knex }: Writer,
  submissionId: number,
  orderIds: readonly string[],
): Promise<Set<string>> =>
  textsFrom(orderIds, 'order_id', (slice) =>
    knex('check_conversions').where({ submission_id: submissionId }).whereIn('order_id', slice).select('order_id'),
  );

/** The partner of each customer's newest action, as a dry run would have made it. */
export const partnersChecked = async (
  { knex }: Writer,
  submissionId: number,
  customerIds: readonly string[],
): Promise<Map<string, string>> => {
  const partners = new Map<string, string>();
  for (const slice of inSlices(customerIds)) {
    const rows = (await knex('check_conversions')
      .where({ submission_id: submissionId })
      .whereIn('customer_id', slice)
      .orderBy('number')
      .select('customer_id', 'partner')) as Row[];
    for (const row of rows) partners.set(String(row['customer_id']), String(row['partner']));
  }
  return partners;
};

/** Keeps what a chunk of a dry run would have created, so that later lines see it; memory stays flat. */
export const keepCheckedConversions = async (
  { knex }: Writer,
  submissionId: number,
  created: readonly { transaction: NewTransaction; number: number }[],
): Promise<void> => {
  for (const slice of inSlices(created)) {
    const rows = slice.map(({ transaction, number }) => ({
      ...{ submission_id: submissionId, order_id: transaction.orderId, number },
      ...{ customer_id: customerIdOf(transaction), partner: transaction.partner },
    }));
    await knex('check_conversions').insert(rows);
  }
};
