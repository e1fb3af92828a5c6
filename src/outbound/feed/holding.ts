import { rawRows, type Store } from '../../store/store.ts';
import type { Batch } from './batch.ts';
import { findBatches } from './batches.ts';
import { memberAggregate } from './member-query.ts';
import { lowest } from './selection.ts';

/** The numbered batches that hold one of these journal entries, each with the sequences it holds. For `trace`. */
export const batchesHolding = async (
  store: Store,
  sequences: readonly number[],
): Promise<{ batch: Batch; sequence: number }[]> => {
  const found: { batch: Batch; sequence: number }[] = [];
  for (const batch of await findBatches(store.read, { kind: 'feed' })) {
    const { membership } = batch;
    const query = memberAggregate(membership, '1 as held');
    for (const sequence of sequences) {
      if (sequence <= lowest(membership) || sequence > membership.to) continue;
      const rows = await rawRows(store.read, query.sql, query.parameters(sequence - 1, sequence));
      if (rows.length > 0) found.push({ batch, sequence });
    }
  }
  return found;
};
