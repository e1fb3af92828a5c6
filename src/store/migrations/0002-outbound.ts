import type { Knex } from 'knex';

/** Feeds, occurrences, batches with companions, deliveries with attempts. State, leases and claim numbers live here. */
export const up = async (db: Knex): Promise<void> => {
  await createFeeds(db);
  await createWork(db);
  await createBatches(db);
  await createDeliveries(db);
  await createAttempts(db);
};

const createFeeds = async (db: Knex): Promise<void> => {
  await db.schema.createTable('feeds', (t) => {
    t.text('name').primary();
    t.text('partner').notNullable();
    t.text('include').notNullable();
    t.text('selection').notNullable();
    t.bigInteger('started_from').notNullable();
    t.bigInteger('watermark').notNullable();
    t.bigInteger('number').notNullable();
    t.bigInteger('known_since').notNullable();
    t.text('renamed_to'); // the feed goes on under that name; this line only keeps the old one from beginning anew
  });
};

const createWork = async (db: Knex): Promise<void> => {
  await db.schema.createTable('leases', (t) => {
    t.text('name').primary();
    t.bigInteger('claim').notNullable();
    t.text('holder');
    t.bigInteger('leased_until').notNullable();
  });
  await db.schema.createTable('occurrences', (t) => {
    t.bigIncrements('id');
    t.text('feed').notNullable();
    t.bigInteger('due').notNullable();
    t.text('kind').notNullable(); // schedule | hand
    t.text('state').notNullable(); // claimed | finished
    t.bigInteger('claim').notNullable();
    t.bigInteger('claimed_at').notNullable();
    t.text('outcome'); // frozen | empty | skipped
    t.bigInteger('finished_at');
    t.unique(['feed', 'due']);
    t.index(['feed', 'state']);
  });
};

const createBatches = async (db: Knex): Promise<void> => {
  await db.schema.createTable('batches', (t) => {
    t.bigIncrements('id');
    t.text('feed').notNullable();
    t.text('kind').notNullable(); // feed | manual
    t.bigInteger('number'); // none for a manual export
    t.bigInteger('occurrence_id').references('id').inTable('occurrences');
    t.bigInteger('from_sequence');
    t.bigInteger('to_sequence');
    t.bigInteger('row_count').notNullable();
    t.text('members').notNullable();
    t.text('include').notNullable();
    t.text('selection').notNullable();
    t.text('layout').notNullable();
    t.text('file_name').notNullable();
    t.text('spool').notNullable();
    t.bigInteger('bytes').notNullable();
    t.text('sha256').notNullable();
    t.bigInteger('frozen_at').notNullable();
    t.bigInteger('expired_at');
    t.unique(['feed', 'number']);
    t.unique(['feed', 'file_name']);
  });
  await db.schema.createTable('companions', (t) => {
    t.bigIncrements('id');
    t.bigInteger('batch_id').notNullable().references('id').inTable('batches');
    t.integer('position').notNullable(); // order of upload, after the batch's own file
    t.text('kind').notNullable(); // sha256 | manifest
    t.text('file_name').notNullable();
    t.text('spool').notNullable();
    t.bigInteger('bytes').notNullable();
    t.text('sha256').notNullable();
    t.unique(['batch_id', 'position']);
  });
};

const createDeliveries = async (db: Knex): Promise<void> => {
  await db.schema.createTable('deliveries', (t) => {
    t.bigIncrements('id');
    t.bigInteger('batch_id').notNullable().references('id').inTable('batches');
    t.text('feed').notNullable();
    t.text('drop_name').notNullable();
    t.text('ordering').notNullable(); // strict | free
    t.text('state').notNullable(); // pending | sending | delivered | held | settled
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('claim').notNullable().defaultTo(0);
    t.text('holder');
    t.bigInteger('leased_until');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('next_attempt_at').notNullable();
    t.bigInteger('started_at'); // first attempt: giveUpAfter counts from here
    t.bigInteger('delivered_at');
    t.text('seen'); // yes | size | no: how the final name was confirmed
    t.bigInteger('picked_up_at');
    t.boolean('resend').notNullable().defaultTo(false);
    t.text('error');
    t.text('hint');
    t.text('error_code');
    t.text('settled_reason');
    t.unique(['batch_id', 'drop_name']);
    t.index(['state', 'next_attempt_at']);
    t.index(['feed', 'drop_name']);
  });
};

const createAttempts = async (db: Knex): Promise<void> => {
  await db.schema.createTable('attempts', (t) => {
    t.bigIncrements('id');
    t.bigInteger('delivery_id').notNullable().references('id').inTable('deliveries');
    t.integer('number').notNullable();
    t.text('place').notNullable(); // sftp://host:port/folder
    t.text('file_name').notNullable(); // the file in hand: the batch's or a companion's
    t.text('partial_name').notNullable();
    t.text('phase').notNullable(); // uploading | renaming | confirmed
    t.bigInteger('started_at').notNullable();
    t.bigInteger('ended_at');
    t.text('outcome'); // delivered | failed | abandoned
    t.text('error');
    t.text('hint');
    t.unique(['delivery_id', 'number']);
  });
};
