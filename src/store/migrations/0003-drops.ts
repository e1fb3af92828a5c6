import type { Knex } from 'knex';

/** What was learned about drops, and the keys of their servers that a person has come to trust since. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.createTable('known_drops', (t) => {
    t.text('name').primary();
    t.text('place').notNullable(); // what was learned holds there and nowhere else
    t.text('learned').notNullable(); // JSON
    t.bigInteger('learned_at').notNullable();
  });
  await db.schema.createTable('trusted_keys', (t) => {
    t.bigIncrements('id');
    t.text('drop_name').notNullable();
    t.text('host').notNullable();
    t.integer('port').notNullable();
    t.text('fingerprint').notNullable(); // SHA256:…
    t.text('type').notNullable(); // ssh-ed25519, …, or certificate
    t.bigInteger('trusted_at').notNullable();
    t.text('trusted_by').notNullable(); // the user of the operating system
    t.unique(['drop_name', 'host', 'port', 'fingerprint']);
  });
};
