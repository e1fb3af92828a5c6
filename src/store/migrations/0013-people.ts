import type { Knex } from 'knex';

/** Who may use the web, by what proof, and what they did. Proofs are kept as SHA-256 only. Instants are milliseconds UTC. */
export const up = async (db: Knex): Promise<void> => {
  await createPeople(db);
  await db.schema.createTable('tokens', (t) => {
    t.text('id').primary(); // stands in the token itself
    t.text('hash').notNullable();
    t.text('name').notNullable();
    t.text('scope').notNullable(); // JSON: role, and which event types or feeds
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('revoked_at');
    t.bigInteger('used_at');
  });
  await db.schema.createTable('audit', (t) => {
    t.bigIncrements('id');
    t.bigInteger('at').notNullable();
    t.text('who_kind').notNullable(); // person | token | cli
    t.text('who').notNullable();
    t.text('action').notNullable();
    t.text('object').notNullable();
    t.text('outcome').notNullable(); // begun, done, or the code of what refused it
    t.text('peer').notNullable(); // the address it came from
    t.index(['who']);
    t.index(['at']);
  });
  await db.schema.createTable('idempotency_keys', (t) => {
    t.text('owner').notNullable();
    t.text('key').notNullable();
    t.text('request').notNullable(); // digest of what was asked for
    t.bigInteger('at').notNullable();
    t.bigInteger('claim').notNullable().defaultTo(1); // grows when it is taken over from a process that is gone
    t.integer('status'); // null while it is under way
    t.text('answer');
    t.primary(['owner', 'key']);
    t.index(['at']);
  });
};

const createPeople = async (db: Knex): Promise<void> => {
  await db.schema.createTable('people', (t) => {
    t.bigIncrements('id');
    t.text('name').notNullable(); // a mail address, or a name for one who signs in by printed links only; lower case
    t.text('scope').notNullable();
    t.bigInteger('added_at').notNullable();
    t.bigInteger('removed_at');
    t.bigInteger('signed_in_at');
  });
  await db.raw('create unique index people_name on people (name) where removed_at is null');
  await db.schema.createTable('sign_in_links', (t) => {
    t.text('id').primary();
    t.text('hash').notNullable();
    t.bigInteger('person_id').notNullable().references('id').inTable('people');
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('used_at');
    t.index(['expires_at']);
  });
  await db.schema.createTable('sessions', (t) => {
    t.text('id').primary();
    t.text('hash').notNullable();
    t.bigInteger('person_id').notNullable().references('id').inTable('people');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('seen_at').notNullable();
    t.text('peer').notNullable();
    t.index(['person_id']);
  });
};
