import { int, type Store } from '../../store/store.ts';
import type { Spool } from '../../store/spool.ts';
import { findBatches, markExpired } from './batches.ts';

const atOnce = 100;

/** Batches frozen before `before` (milliseconds) whose bytes nobody needs any more: every delivery is at its end. */
const expirable = async (store: Store, before: number): Promise<number[]> => {
  const rows = (await store
    .read('batches')
    .whereNull('expired_at')
    .andWhere('frozen_at', '<', before)
    .whereNotExists(unfinished(store.read))
    .orderBy('id')
    .limit(atOnce)
    .select('id')) as { id: unknown }[];
  return rows.map(({ id }) => int(id));
};

const unfinished = (db: Store['read']) =>
  db('deliveries')
    .whereRaw('deliveries.batch_id = batches.id')
    .whereNotIn('state', ['delivered', 'settled'])
    .select(db.raw('1'));

/**
 * Lets the bytes of old batches go, at most 100 at a time. First the database says so, then the files leave the spool: a
 * crash in between leaves files that the sweep finds. Resolves to how many batches expired.
 */
export const expireBatches = async (store: Store, spool: Spool, before: number, now: number): Promise<number> => {
  let expired = 0;
  for (const id of await expirable(store, before)) {
    const [batch] = await findBatches(store.read, { id });
    if (!batch) continue;
    const done = await store.write(async (writer) => {
      // Once more inside, and with the batch locked: somebody may ask to resend it at this moment.
      await writer.knex('batches').where({ id }).forUpdate().first('id');
      const busy = writer.knex('deliveries').where({ batch_id: id }).whereNotIn('state', ['delivered', 'settled']);
      if (await busy.first('id')) return false;
      await markExpired(writer, id, now);
      return true;
    });
    if (!done) continue;
    expired++;
    for (const file of [batch, ...batch.companions]) await spool.remove(file.spool);
  }
  return expired;
};
