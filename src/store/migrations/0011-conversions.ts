import type { Knex } from 'knex';

/**
 * Conversion files: the advertiser's own id of the customer, by which a chained action finds the one before it; orders that
 * name no partner; and what a dry run would have created. Instants are milliseconds UTC, money is minor units.
 */
export const up = async (db: Knex): Promise<void> => {
  await db.schema.alterTable('transactions', (t) => t.text('customer_id'));
  await db.raw(
    'create index transactions_customer on transactions (event_type, customer_id) where customer_id is not null',
  );
  await db.schema.createTable('unmatched_conversions', (t) => {
    t.bigIncrements('id');
    t.bigInteger('event_type').notNullable();
    t.text('order_id').notNullable();
    t.bigInteger('at').notNullable(); // when it was kept, or kept anew with other values
    t.bigInteger('submission_id').notNullable().references('id').inTable('submissions');
    t.bigInteger('line').notNullable();
    t.text('conversion').notNullable(); // all that was said of it, as JSON
    t.bigInteger('transaction_id').references('id').inTable('transactions'); // once the order was created after all
    t.unique(['event_type', 'order_id']);
  });
  await db.schema.createTable('check_conversions', (t) => {
    t.bigInteger('submission_id').notNullable().references('id').inTable('submissions');
    t.text('order_id').notNullable();
    t.text('customer_id');
    t.text('partner').notNullable();
    t.bigInteger('number').notNullable(); // of the data line: the newest of a customer is the highest
    t.primary(['submission_id', 'order_id']);
    t.index(['submission_id', 'customer_id']);
  });
};
