import type { Knex } from 'knex';

/** So that looking for files that did not come, every few seconds, reads an index and not the submissions themselves. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.alterTable('submissions', (t) => {
    t.dropIndex(['received_at']);
    t.index(['received_at', 'event_type', 'status', 'channel', 'check_only', 'id'], 'submissions_arrivals');
  });
};
