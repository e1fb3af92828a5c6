import type { Row, Writer } from '../../store/store.ts';
import { lostIdHint, withZeros } from './cells.ts';
import type { Verdict } from './judge-group.ts';

/** Ids looked for in one statement. */
const atATime = 500;

/** Of order ids without their leading zeros, those that the ledger has with them. */
const withZerosInLedger = async (
  { knex }: Writer,
  eventTypeId: number,
  orderIds: readonly string[],
): Promise<Map<string, string>> => {
  const known = new Map<string, string>();
  for (let from = 0; from < orderIds.length; from += atATime) {
    const candidates = orderIds.slice(from, from + atATime).flatMap(withZeros);
    const rows = (await knex('transactions')
      .where({ event_type: eventTypeId })
      .whereIn('order_id', candidates)
      .select('order_id')) as Row[];
    for (const row of rows) {
      const found = String(row['order_id']);
      known.set(found.replace(/^0+/, ''), found);
    }
  }
  return known;
};

/** Gives lines whose action was not found a hint of their own when their id looks like a spreadsheet's work. */
export const explainLostIds = async (
  writer: Writer,
  eventTypeId: number,
  verdicts: readonly Verdict[],
): Promise<readonly Verdict[]> => {
  const lost = verdicts.filter(({ outcome }) => outcome === 'ACTION_NOT_FOUND');
  if (lost.length === 0) return verdicts;
  const digits = lost.flatMap(({ record: { orderId } }) =>
    orderId !== null && withZeros(orderId).length > 0 ? [orderId] : [],
  );
  const known = await withZerosInLedger(writer, eventTypeId, [...new Set(digits)]);
  return verdicts.map((verdict) => {
    if (verdict.outcome !== 'ACTION_NOT_FOUND') return verdict;
    const { actionId, orderId } = verdict.record;
    const hint = lostIdHint(orderId ?? actionId ?? '', known.get((orderId ?? '').replace(/^0+/, '')));
    return hint === undefined ? verdict : { ...verdict, hint };
  });
};
