import type { Store } from '../../src/store/store.ts';

/** Transactions and their `created` entries in a single statement, as another program would write them. */
export const insertSql = `
  with j as (
    insert into journal(change, at, amount, payout, status, channel)
    select 'created', 1, 1250, 125, 'PENDING', 'sql' from unnest($1::text[]) returning sequence),
  numbered as (select sequence, row_number() over (order by sequence) as n from j),
  orders as (select o.name, o.n from unnest($1::text[]) with ordinality as o(name, n))
  insert into transactions(id, public_id, event_type, partner, order_id, event_date, locking_date, created_at,
    currency, amount, payout, status)
  select sequence, 'T.' || name, 4521, 'acme', name, 1, 2, 1, 'USD', 1250, 125, 'PENDING'
  from numbered join orders using (n)`;

const journalSql = `insert into journal(transaction_id, change, at, amount, payout, status, channel)
  values (-1, 'created', 1, 1250, 125, 'PENDING', 'sql')`;
const namesItselfSql = 'update journal set transaction_id = sequence where sequence = ?';
const transactionSql = `insert into transactions(id, public_id, event_type, partner, order_id, event_date, locking_date,
  created_at, currency, amount, payout, status)
  values (?, 'T.' || ?, 4521, 'acme', ?, 1, 2, 1, 'USD', 1250, 125, 'PENDING')`;

/** Commits one transaction for each of these order ids, all together. */
export const addOrders = (store: Store, orders: readonly string[]): Promise<void> =>
  store.write(async ({ raw }) => {
    if (raw.kind === 'postgres') {
      await raw.client.query(insertSql, [orders]);
      return;
    }
    const [journal, itself, transaction] = [journalSql, namesItselfSql, transactionSql].map((sql) =>
      raw.db.prepare<unknown[]>(sql),
    );
    for (const order of orders) {
      const sequence = journal?.run().lastInsertRowid;
      itself?.run(sequence);
      transaction?.run(sequence, order, order);
    }
  });
