import type { Knex } from 'knex';

/** No two files of a feed's batches share a name, companions included: each freeze looks the names up. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.alterTable('companions', (t) => t.index(['file_name']));
};
