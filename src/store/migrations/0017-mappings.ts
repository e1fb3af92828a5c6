import type { Knex } from 'knex';

/**
 * Columns of files that people mapped by hand: saved under a name, and used for a mapped file. And how often a submission
 * was released, which a page shows that is not to release it twice. Instants are milliseconds UTC.
 */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.createTable('saved_mappings', (t) => {
    t.bigIncrements('id');
    t.bigInteger('event_type').notNullable();
    t.text('kind').notNullable(); // modification | conversion
    t.text('name').notNullable();
    t.text('columns').notNullable(); // JSON: [{column, field}], field null for what is not imported
    t.text('saved_by').notNullable();
    t.bigInteger('saved_at').notNullable();
    t.unique(['event_type', 'kind', 'name']);
  });
  await db.schema.createTable('used_mappings', (t) => {
    t.bigInteger('submission_id').primary().references('id').inTable('submissions'); // the mapped file
    t.bigInteger('event_type').notNullable();
    t.text('kind').notNullable();
    t.text('columns').notNullable();
    t.index(['event_type', 'kind', 'submission_id']);
  });
  await db.schema.alterTable('submissions', (t) => {
    t.integer('releases').notNullable().defaultTo(0);
  });
};
