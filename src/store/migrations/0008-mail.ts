import type { Knex } from 'knex';

/** Accepted mail, to which addresses it came, and mail that was refused. Instants are milliseconds UTC. */
export const up = async (db: Knex): Promise<void> => {
  await createMessages(db);
  await db.schema.createTable('refused_mail', (t) => {
    t.bigIncrements('id');
    t.bigInteger('at').notNullable();
    t.bigInteger('last_at').notNullable(); // what repeats soon is one line: the first and the last time, and how often
    t.bigInteger('times').notNullable().defaultTo(1);
    t.text('peer').notNullable();
    t.text('helo');
    t.text('envelope_from'); // null: the null sender, or refused before MAIL
    t.text('recipient'); // null: refused before RCPT, or for all recipients
    t.text('reason').notNullable();
    t.integer('code').notNullable(); // the SMTP reply code
    t.index(['last_at']);
  });
};

const createMessages = async (db: Knex): Promise<void> => {
  await db.schema.createTable('messages', (t) => {
    t.bigIncrements('id');
    t.bigInteger('received_at').notNullable();
    t.text('peer').notNullable();
    t.text('helo');
    t.text('tls'); // the protocol, such as TLSv1.3; null: in clear
    t.text('envelope_from'); // null: the null sender
    t.text('spool').notNullable(); // the raw message
    t.bigInteger('bytes').notNullable();
    t.text('sha256').notNullable();
    t.text('message_id'); // as its header says
    t.text('evidence'); // JSON: what was found out about the sender
    t.bigInteger('logged_at'); // null until its submissions are written
    t.bigInteger('expired_at'); // the raw message is no longer in the spool
    t.index(['sha256']);
    t.index(['received_at']);
  });
  await db.raw('create index messages_to_log on messages (id) where logged_at is null');
  await db.schema.createTable('message_recipients', (t) => {
    t.bigInteger('message_id').notNullable().references('id').inTable('messages');
    t.text('recipient').notNullable(); // as in the envelope, in lower case
    t.bigInteger('event_type').notNullable();
    t.boolean('check_only').notNullable();
    t.text('refusal'); // null, or why nothing of it is applied for this recipient
    t.primary(['message_id', 'recipient']);
  });
};
