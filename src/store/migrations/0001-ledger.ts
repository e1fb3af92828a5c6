import type { Knex } from 'knex';

/**
 * The ledger: the journal of every change, transactions and their items.
 * A transaction's `id` is the sequence of its `created` entry in the journal, so a feed of new transactions reads one
 * range of ids. Instants are milliseconds UTC, money is minor units.
 */
export const up = async (db: Knex): Promise<void> => {
  await createJournal(db);
  await db.schema.createTable('transactions', (t) => {
    // On SQLite only the very word "integer" makes it the row's own key, without an index beside the table.
    t.specificType('id', isPostgres(db) ? 'bigint' : 'integer')
      .primary()
      .references('sequence')
      .inTable('journal');
    t.text('public_id').notNullable().unique(); // the transactionId, = ActionId
    t.bigInteger('event_type').notNullable();
    t.text('partner').notNullable();
    t.text('order_id').notNullable();
    t.bigInteger('event_date').notNullable();
    t.bigInteger('locking_date').notNullable();
    t.bigInteger('created_at').notNullable();
    t.text('currency').notNullable();
    t.bigInteger('amount').notNullable();
    t.bigInteger('payout').notNullable();
    t.text('status').notNullable();
    t.bigInteger('quantity');
    for (const column of textColumns) t.text(column);
    t.text('custom');
    t.index(['event_type', 'order_id']);
    t.index(['partner', 'id']);
  });
  await db.schema.createTable('items', (t) => {
    t.bigInteger('transaction_id').notNullable().references('id').inTable('transactions');
    t.integer('position').notNullable();
    t.text('sku').notNullable();
    t.text('category');
    t.bigInteger('quantity').notNullable();
    t.bigInteger('amount').notNullable();
    t.primary(['transaction_id', 'position']);
  });
};

const textColumns = [
  ...['customer_status', 'campaign', 'offer', 'creative', 'audience', 'promo_code', 'click_id', 'tracking_id'],
  ...['email', 'first_name', 'last_name', 'mobile', 'country', 'region', 'city', 'postcode', 'address1', 'address2'],
  ...['gender', 'age', 'birth_date', 'language', 'payment_type', 'confirmation_ref', 'conversion_type'],
];

const isPostgres = (db: Knex): boolean => db.client.config.client === 'pg';

const createJournal = async (db: Knex): Promise<void> => {
  const postgres = isPostgres(db);
  const sequence = postgres
    ? 'sequence bigint generated always as identity (cache 1) primary key'
    : 'sequence integer primary key autoincrement';
  await db.raw(`create table journal (
    ${sequence},
    transaction_id bigint not null,
    change text not null,
    at bigint not null,
    amount_before bigint, amount bigint not null,
    payout_before bigint, payout bigint not null,
    status_before text, status text not null,
    customer_status_before text, customer_status text,
    reason text,
    channel text not null, source text, line bigint, sender text
  )`);
  if (postgres) await guardSequence(db);
  await db.schema.alterTable('journal', (t) => t.index(['transaction_id']));
};

/**
 * PostgreSQL hands sequence numbers out before commit. Whoever is about to draw one first takes this shared lock, which
 * nobody ever takes exclusively: it only makes visible who may still hold an uncommitted number (see `fence.ts`).
 * A `created` entry names itself as its transaction when the writer leaves the column out.
 */
const guardSequence = async (db: Knex): Promise<void> => {
  await db.raw(`create function journal_before_insert() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(20260, 1); return null; end $$`);
  await db.raw(`create trigger journal_fence before insert on journal
    for each statement execute function journal_before_insert()`);
  await db.raw('alter table journal enable always trigger journal_fence');
  await db.raw(`create function journal_names_itself() returns trigger language plpgsql as $$
    begin new.transaction_id := new.sequence; return new; end $$`);
  await db.raw(`create trigger journal_created before insert on journal for each row
    when (new.change = 'created' and new.transaction_id is null) execute function journal_names_itself()`);
};
