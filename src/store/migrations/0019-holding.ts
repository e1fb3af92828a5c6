import type { Knex } from 'knex';

/** So that `trace` finds the batches that may hold a journal entry in an index, however many there are. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.alterTable('batches', (t) => {
    t.bigInteger('lowest_sequence'); // its rows come after it: `from_sequence`, or further back with a backfill
    t.index(['to_sequence', 'lowest_sequence']);
  });
  await db.raw('update batches set lowest_sequence = from_sequence');
  const backfills = (await db('batches')
    .where('selection', 'like', '%"backfillFrom"%')
    .select('id', 'from_sequence', 'selection')) as Record<'id' | 'from_sequence' | 'selection', unknown>[];
  for (const { id, from_sequence: from, selection } of backfills) {
    const { backfillFrom } = JSON.parse(String(selection)) as { backfillFrom?: number };
    await db('batches')
      .where({ id: String(id) })
      .update({ lowest_sequence: backfillFrom ?? Number(from) });
  }
};
