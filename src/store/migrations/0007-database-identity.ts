import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';

/** One row: a random id, by which a spool tells this database, and its copies, from any other. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.createTable('database_identity', (t) => {
    t.text('id').primary();
  });
  await db('database_identity').insert({ id: randomUUID() });
};
