import type { Knex } from 'knex';

/** Alerts, who was told of them, and what keeps a feed from running. Instants are milliseconds UTC. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.createTable('alerts', (t) => {
    t.bigIncrements('id');
    t.text('key').notNullable(); // the cause: there is at most one open alert of each
    t.text('kind').notNullable(); // held | late | pickup | feed
    t.text('subject').notNullable();
    t.text('text').notNullable();
    t.text('hint').notNullable();
    t.bigInteger('opened_at').notNullable();
    t.bigInteger('ended_at');
    t.integer('reopened').notNullable().defaultTo(0); // how often it came back soon after its end
    t.index(['ended_at']);
  });
  await db.raw('create unique index alerts_open_key on alerts (key) where ended_at is null');
  await db.schema.createTable('alert_notices', (t) => {
    t.bigInteger('alert_id').notNullable().references('id').inTable('alerts');
    t.text('channel').notNullable();
    t.integer('round').notNullable().defaultTo(0); // grows when an alert whose end was told comes back
    t.bigInteger('told_at');
    t.bigInteger('ended_told_at');
    t.integer('attempts').notNullable().defaultTo(0); // in a row without success
    t.bigInteger('next_try_at').notNullable();
    t.bigInteger('claim').notNullable().defaultTo(0); // grows with every try: only the newest may write its outcome
    t.bigInteger('claimed_until');
    t.text('last_error');
    t.primary(['alert_id', 'channel']);
  });
  await db.schema.createTable('feed_troubles', (t) => {
    t.text('feed').primary();
    t.text('error').notNullable();
    t.text('hint').notNullable();
    t.text('code').notNullable();
    t.text('next').notNullable(); // retry | hold | refuse | bug
    t.bigInteger('since').notNullable();
  });
};
