import type { Knex } from 'knex';

/** So that every list finds its page in an index, in its order, however long the list is. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.alterTable('submissions', (t) => {
    t.index(['event_type', 'id']);
    t.index(['event_type', 'status', 'id']);
    t.index(['sender', 'id']);
    t.index(['type', 'id']);
    t.index(['channel', 'id']);
  });
  await db.raw(
    "create index submissions_unfinished on submissions (event_type, id) where status in ('Queued', 'In Progress')",
  );
  await db.schema.alterTable('deliveries', (t) => {
    t.index(['feed', 'id']);
    t.index(['drop_name', 'id']);
    t.index(['state', 'id']);
  });
  await db.schema.alterTable('batches', (t) => t.index(['feed', 'id']));
  await db.schema.alterTable('audit', (t) => t.index(['action', 'id']));
};
