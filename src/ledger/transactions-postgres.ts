import type { ClientBase } from 'pg';
import { Fault } from '../fault.ts';
import { arrayOf, type Bound, columnsOf } from '../store/array-literal.ts';
import { int } from '../store/store.ts';
import {
  createdColumns,
  createdItemColumns,
  readAllCreated,
  numberedValues,
  ownValues,
  transactionColumns,
} from './transaction-row.ts';
import {
  customerStatusOf,
  type Item,
  type NewTransaction,
  type CreatedTransaction,
  type Creation,
  type Wanted,
} from './transaction.ts';

const insertJournal = `insert into journal (change, at, amount, payout, status, customer_status, channel, source, line, sender)
  select 'created', $1, a.amount, a.payout, 'PENDING', a.customer_status, $2, $3, a.line, $4
  from unnest($5::bigint[], $6::bigint[], $7::text[], $8::bigint[]) with ordinality
    as a (amount, payout, customer_status, line, position)
  order by a.position
  returning sequence, amount, payout, customer_status, line`;

const names = transactionColumns.map(({ name }) => name).join(', ');
const arrays = transactionColumns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ');
const insertRows = `insert into transactions (${names}) select * from unnest(${arrays})`;

const insertItems = `insert into items (transaction_id, position, sku, category, quantity, amount)
  select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])`;

export const insertIntoPostgres = async (
  client: ClientBase,
  rows: readonly NewTransaction[],
  creation: Creation,
): Promise<number[]> => {
  if (rows.length === 0) return [];
  const numbering = writeJournal(client, rows, creation);
  // While the database numbers the entries: all columns that do not need the number.
  const own = columnsOf(
    rows.map((row) => ownValues(row, creation)),
    transactionColumns.length - 2,
  );
  const sequences = await numbering;
  const numbered = columnsOf(
    rows.map((row, i) => numberedValues(row, sequences[i] as number)),
    2,
  );
  await client.query({ name: 'insert transactions', text: insertRows, values: [...numbered, ...own] });
  const items = rows.flatMap((row, i) => row.items.map((item, j) => itemValues(item, sequences[i] as number, j + 1)));
  if (items.length > 0) await client.query({ name: 'insert items', text: insertItems, values: columnsOf(items, 6) });
  return sequences;
};

const itemValues = ({ sku, category, quantity, amount }: Item, sequence: number, position: number): Bound[] => [
  ...[sequence, position, sku],
  ...[category, quantity, amount],
];

interface Entry {
  sequence: string;
  amount: string;
  payout: string;
  customer_status: string | null;
  line: string | null;
}

/** The database draws the sequences. That they follow the order of our rows is checked, not assumed. */
const writeJournal = async (
  client: ClientBase,
  rows: readonly NewTransaction[],
  creation: Creation,
): Promise<number[]> => {
  const values = rows.map((row): Bound[] => [row.amount, row.payout, customerStatusOf(row), row.line]);
  const { at, channel, source, sender = null } = creation;
  const result = await client.query<Entry>({
    name: 'insert created entries',
    text: insertJournal,
    values: [at, channel, source, sender, ...columnsOf(values, 4)],
  });
  const entries = result.rows.sort((a, b) => int(a.sequence) - int(b.sequence));
  const told = ({ amount, payout, customer_status, line }: Entry): string =>
    JSON.stringify([amount, payout, customer_status, line]);
  const matches =
    entries.length === rows.length &&
    entries.every((entry, i) => told(entry) === JSON.stringify(values[i]?.map(textOrNull)));
  if (!matches) throw orderLost();
  return entries.map((entry) => int(entry.sequence));
};

const textOrNull = (value: Bound): string | null => (value === null ? null : String(value));

const orderLost = (): Fault =>
  new Fault({
    operation: 'number',
    object: 'new transactions',
    reason: 'PostgreSQL gave their journal entries another order',
    hint: 'nothing was added; please report it with the server version and any triggers of your own on "journal"',
    next: 'bug',
    code: 'order-lost',
  });

const created = `select ${createdColumns} from transactions t join journal j on j.sequence = t.id`;
const findById = `${created} where t.public_id = any($1::text[])`;
const findByOrder = `${created} join unnest($1::bigint[], $2::text[]) as k (event_type, order_id)
  on k.event_type = t.event_type and k.order_id = t.order_id`;
const findItems = `select ${createdItemColumns} from items
  where transaction_id = any($1::bigint[]) order by transaction_id, position`;

type Row = Record<string, unknown>;

export const findInPostgres = async (
  client: ClientBase,
  { transactionIds, orders }: Wanted,
): Promise<CreatedTransaction[]> => {
  const found: Row[] = [];
  const look = async (name: string, text: string, values: string[]) => {
    found.push(...(await client.query<Row>({ name, text, values })).rows);
  };
  if (transactionIds.length > 0) await look('find by id', findById, [arrayOf(transactionIds)]);
  if (orders.length > 0) {
    const keys = columnsOf(
      orders.map(({ eventTypeId, orderId }) => [eventTypeId, orderId]),
      2,
    );
    await look('find by order', findByOrder, keys);
  }
  if (found.length === 0) return [];
  const ids = arrayOf(found.map((row) => String(row['id'])));
  const items = await client.query<Row>({ name: 'find items', text: findItems, values: [ids] });
  return readAllCreated(found, items.rows);
};
