import type { Knex } from 'knex';

/** Received files, what became of each of their lines, and what an item was created with. Instants are milliseconds UTC. */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.createTable('submissions', (t) => {
    t.bigIncrements('id'); // grows in order of acceptance
    t.bigInteger('event_type').notNullable();
    t.text('channel').notNullable(); // submit | mail | inbox
    t.text('sender');
    t.bigInteger('message_id'); // of a mailed file: its message, the recipient, and the part of the message
    t.text('recipient');
    t.text('part');
    t.text('file_name').notNullable();
    t.text('spool').notNullable();
    t.text('result_spool');
    t.bigInteger('bytes').notNullable();
    t.text('sha256').notNullable();
    t.boolean('check_only').notNullable(); // a dry run: the same outcomes, and nothing changes
    t.text('status').notNullable(); // Queued | In Progress | Complete | Failed | Duplicate | Held
    t.text('type'); // Modification | Reversal | Conversion | Mixed
    t.text('error');
    t.bigInteger('duplicate_of').references('id').inTable('submissions');
    t.bigInteger('received_at').notNullable();
    t.bigInteger('completed_at');
    t.bigInteger('expired_at'); // its files are no longer in the spool; what became of it stays
    t.bigInteger('claim').notNullable().defaultTo(0);
    t.bigInteger('position').notNullable().defaultTo(0); // data lines whose outcomes are committed
    t.text('reading'); // encoding, delimiter and columns, fixed at the first chunk
    t.text('notes').notNullable();
    t.text('outcomes').notNullable(); // how many of each
    t.bigInteger('errors').notNullable().defaultTo(0);
    t.boolean('reverses').notNullable().defaultTo(false); // whether a line asked for a reversal
    t.boolean('modifies').notNullable().defaultTo(false); // whether a line asked for anything else
    t.unique(['message_id', 'recipient', 'part']);
    t.index(['event_type', 'sha256']);
    t.index(['status']);
  });
  await createRows(db);
  await db.schema.alterTable('items', (t) => {
    t.bigInteger('created_quantity'); // null until the item changes for the first time
    t.bigInteger('created_amount');
  });
};

const createRows = async (db: Knex): Promise<void> => {
  // The rows of a submission lie together, in the order of its lines; SQLite does so only where it is told to.
  const clustered = db.client.config.client === 'pg' ? '' : ' without rowid';
  await db.raw(`create table submission_rows (
    submission_id bigint not null references submissions (id),
    number bigint not null,
    line bigint not null,
    order_id text,
    outcome text not null,
    message text, hint text,
    primary key (submission_id, number)
  )${clustered}`);
  await db.schema.alterTable('submission_rows', (t) => t.index(['order_id']));
  await db.raw(`create table check_standings (
    submission_id bigint not null references submissions (id),
    transaction_id bigint not null,
    standing text not null,
    primary key (submission_id, transaction_id)
  )${clustered}`);
};
