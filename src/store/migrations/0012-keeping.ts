import type { Knex } from 'knex';

/**
 * What waits for its locking date, found by it; inboxes and what was seen there; whether the reversals of a submission
 * were looked at by a person. Instants are milliseconds UTC.
 */
export const up = async (db: Knex): Promise<void> => {
  await db.raw("create index transactions_to_lock on transactions (locking_date, id) where status = 'PENDING'");
  await db.schema.alterTable('submissions', (t) => {
    t.boolean('looked_at').notNullable().defaultTo(false); // it was held for unusual reversals, and is not again
    t.index(['received_at']);
  });
  await db.schema.createTable('inboxes', (t) => {
    t.bigInteger('event_type').primary();
    t.text('place').notNullable();
    t.bigInteger('polled_at').notNullable();
    t.text('error'); // why the newest look failed
    t.text('hint');
    t.text('next'); // retry | hold | refuse | bug
    t.bigInteger('failing_since');
  });
  await db.schema.createTable('inbox_files', (t) => {
    t.bigIncrements('id');
    t.bigInteger('event_type').notNullable();
    t.text('place').notNullable(); // of the inbox: another one knows nothing of these files
    t.text('name').notNullable();
    t.bigInteger('bytes').notNullable(); // as of the newest look
    t.bigInteger('modified_at'); // where the server says
    t.bigInteger('seen_at').notNullable(); // since when it is like this
    t.bigInteger('gone_at'); // when it was found to be there no more
    t.text('sha256'); // of the bytes that were taken last
    t.bigInteger('submission_id').references('id').inTable('submissions');
    t.bigInteger('taken_bytes');
    t.bigInteger('taken_modified_at');
    t.unique(['event_type', 'place', 'name']);
  });
};
