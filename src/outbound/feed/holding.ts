import { int, rawRows, type Store } from '../../store/store.ts';
import type { Batch } from './batch.ts';
import { findBatches } from './batches.ts';
import { memberAggregate } from './member-query.ts';
import { lowest } from './selection.ts';

/** A journal entry in a batch: of a split one, in the file that has its row. */
export interface Holding {
  batch: Batch;
  fileName: string;
  sequence: number;
}

/** The numbered batches that hold one of these journal entries, each with the sequences it holds. For `trace`. */
export const batchesHolding = async (store: Store, sequences: readonly number[]): Promise<Holding[]> => {
  const found: Holding[] = [];
  for (const sequence of sequences) {
    const near = await findBatches(store.read, { kind: 'feed', over: sequence });
    const held = await Promise.all(near.map((batch) => heldBy(store, batch, sequence)));
    found.push(...held.filter((one) => one !== undefined));
  }
  return found;
};

const heldBy = async (store: Store, batch: Batch, sequence: number): Promise<Holding | undefined> => {
  const query = memberAggregate(batch.membership, '1 as held');
  const rows = await rawRows(store.read, query.sql, query.parameters(sequence - 1, sequence));
  return rows.length === 0 ? undefined : { batch, fileName: await fileHolding(store, batch, sequence), sequence };
};

/** Rows are in order of sequence, so how many come before says which part it is. */
const fileHolding = async (store: Store, batch: Batch, sequence: number): Promise<string> => {
  const { membership, layout, companions, fileName } = batch;
  const files = [fileName, ...companions.filter(({ kind }) => kind === 'part').map((part) => part.fileName)];
  if (!layout.split || files.length === 1) return fileName;
  const query = memberAggregate(membership, 'count(*) as rows_before');
  const [row] = await rawRows(store.read, query.sql, query.parameters(lowest(membership), sequence - 1));
  return files[Math.floor(int(row?.['rows_before']) / layout.split.rows)] ?? fileName;
};
