import type { Standings } from '../../ledger/standings.ts';
import type { FoundTransaction } from '../../ledger/standing-row.ts';
import type { Status } from '../../ledger/transaction.ts';
import type { Row, Writer } from '../../store/store.ts';
import { int } from '../../store/store.ts';

/** What a dry run would have made of a transaction; money as text, so that it stays exact. */
interface Checked {
  amount: string;
  payout: string;
  status: Status;
  customerStatus: string | null;
  modifications: number;
  items: { quantity: number; amount: string }[];
}

const asText = ({ amount, payout, status, customerStatus, modifications, items }: FoundTransaction): string =>
  JSON.stringify({
    ...{ amount: String(amount), payout: String(payout), status, customerStatus, modifications },
    items: items.map((item) => ({ quantity: item.quantity, amount: String(item.amount) })),
  } satisfies Checked);

const changeTo = (found: FoundTransaction, text: string): void => {
  const { amount, payout, items, ...rest } = JSON.parse(text) as Checked;
  Object.assign(found, { ...rest, amount: BigInt(amount), payout: BigInt(payout) });
  found.items = found.items.map((item, i) => {
    const { quantity, amount: of } = items[i] ?? { quantity: item.quantity, amount: String(item.amount) };
    return { ...item, quantity, amount: BigInt(of) };
  });
};

/** Parameters of one statement; both databases allow many more. */
const atATime = 500;

const inSlices = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / atATime) }, (_, i) => all.slice(i * atATime, (i + 1) * atATime));

/** Lets a dry run see what its earlier lines would have changed. They lie in the database, so memory stays flat. */
export const recallChecked = async ({ knex }: Writer, submissionId: number, standings: Standings): Promise<void> => {
  const all = new Map(
    [...standings.byTransactionId.values(), ...standings.newestOf.values()].map((found) => [found.id, found]),
  );
  for (const ids of inSlices([...all.keys()])) {
    const rows = (await knex('check_standings')
      .where({ submission_id: submissionId })
      .whereIn('transaction_id', ids)) as Row[];
    for (const row of rows) {
      const found = all.get(int(row['transaction_id']));
      if (found) changeTo(found, String(row['standing']));
    }
  }
};

/** Keeps what the lines of a chunk would have changed. */
export const keepChecked = async (
  { knex }: Writer,
  submissionId: number,
  changed: readonly FoundTransaction[],
): Promise<void> => {
  for (const slice of inSlices(changed)) {
    const rows = slice.map((one) => ({ submission_id: submissionId, transaction_id: one.id, standing: asText(one) }));
    await knex('check_standings').insert(rows).onConflict(['submission_id', 'transaction_id']).merge();
  }
};
