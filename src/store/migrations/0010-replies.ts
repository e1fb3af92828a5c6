import type { Knex } from 'knex';

/** What a mail is answered with, once for each of its recipients. Instants are milliseconds UTC. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.createTable('replies', (t) => {
    t.bigInteger('message_id').notNullable().references('id').inTable('messages');
    t.text('recipient').notNullable();
    t.text('kind').notNullable(); // summary | result
    t.text('address'); // who gets it; null: nobody
    t.text('withheld'); // why nobody gets it
    t.bigInteger('created_at').notNullable();
    t.bigInteger('sent_at');
    t.bigInteger('given_up_at');
    t.bigInteger('attempts').notNullable().defaultTo(0);
    t.bigInteger('next_try_at').notNullable();
    t.bigInteger('claim').notNullable().defaultTo(0);
    t.bigInteger('claimed_until');
    t.text('last_error');
    t.primary(['message_id', 'recipient']);
    t.index(['address', 'created_at']);
  });
  await db.raw(
    'create index replies_to_send on replies (next_try_at) where address is not null and sent_at is null and given_up_at is null',
  );
};
