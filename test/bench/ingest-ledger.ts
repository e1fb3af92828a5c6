import { execFile } from 'node:child_process';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { from as copyFrom } from 'pg-copy-streams';
import pg from 'pg';

/** Orders in the ledger that the files of modifications are for. */
export const ledgerSize = 300_000;

const day = 86_400_000;

/**
 * Orders of one event type by plain SQL: one in fifty is locked, one reversed, one approved, and every seventh has two
 * items. Each field of people is filled, so that a row is as long as a real one.
 */
export const fillLedger = (file: string, now: number): void => {
  const db = new Database(file);
  db.exec('begin');
  db.exec(`insert into journal (sequence, transaction_id, change, at, amount, payout, status, customer_status, channel)
    with recursive c(i) as (select 1 union all select i + 1 from c where i < ${ledgerSize})
    select i, i, 'created', ${now} - 5 * ${day} + i, 1000 + (i * 7919) % 100000, (1000 + (i * 7919) % 100000) / 20, 'PENDING',
      iif(i % 2, 'NEW', 'EXISTING'), 'bench' from c`);
  db.exec(`insert into transactions (id, public_id, event_type, partner, order_id, event_date, locking_date, created_at,
      currency, amount, payout, status, quantity, customer_status, campaign, offer, click_id, email, first_name, last_name,
      country, postcode)
    select sequence, '1000.4521.' || sequence, 4521, 'acme', 'ORD-' || printf('%09d', sequence), at,
      iif(sequence % 50 = 0, ${now} - ${day}, ${now} + 30 * ${day}), at, 'USD',
      iif(sequence % 50 = 1, 0, amount), iif(sequence % 50 = 1, 0, payout),
      case sequence % 50 when 1 then 'REVERSED' when 2 then 'APPROVED' else 'PENDING' end,
      1 + sequence % 3, customer_status, 'Spring Sale ' || (sequence % 20), 'Offer ' || (sequence % 7),
      printf('%016X', sequence * 7919), 'customer' || sequence || '@example.com', 'Jean-Luc', 'O"Brien, Jr.', 'DE', '80331'
    from journal`);
  db.exec(`insert into items (transaction_id, position, sku, category, quantity, amount)
    select id, p.position, 'SKU-' || p.position, 'shoes', 1, amount / 2 from transactions, (select 1 as position union select 2) p
    where id % 7 = 0`);
  db.exec('commit');
  db.pragma('wal_checkpoint(truncate)');
  db.close();
};

const tables: Record<string, string> = {
  journal: 'sequence, transaction_id, change, at, amount, payout, status, customer_status, channel',
  transactions:
    'id, public_id, event_type, partner, order_id, event_date, locking_date, created_at, currency, amount, payout, status, ' +
    'quantity, customer_status, campaign, offer, click_id, email, first_name, last_name, country, postcode',
  items: 'transaction_id, position, sku, category, quantity, amount',
};

/** The same ledger on PostgreSQL, copied from the SQLite file. */
export const copyLedger = async (url: string, file: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('alter table journal disable trigger user');
  for (const [table, columns] of Object.entries(tables)) {
    const source = execFile('/usr/bin/sqlite3', ['-readonly', file, '-csv', `select ${columns} from ${table}`], {
      maxBuffer: 1 << 30,
    });
    const target = client.query(copyFrom(`copy ${table} (${columns}) from stdin csv`));
    source.stdout?.pipe(target);
    await once(target, 'finish');
  }
  await client.query(`select setval('journal_sequence_seq', ${ledgerSize})`);
  await client.query('alter table journal enable trigger user');
  await client.query('alter table journal enable always trigger journal_fence');
  await client.query('vacuum analyze');
  await client.end();
};

const header = 'ActionId,OrderId,ActionTrackerId,Amount,Reason,CustomerStatus,CurrencyCode,Store,Comment';

const money = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

const comment =
  'Returned by the customer within the period; checked at the desk, credited to the card that was used for it, and put back on the shelf for sale';

interface Wish {
  amount: string;
  reason: string;
  status?: string;
  tracker?: string;
  unknown?: boolean;
}

/** What the line asks for: mostly a new amount, and each outcome that a file meets now and then. */
const wishOf = (i: number, created: number): Wish => {
  const kind = i % 100;
  if (kind < 70) return { amount: money(created - (i % 900) - 1), reason: 'ITEM_RETURNED' };
  if (kind < 78) return { amount: '0', reason: 'CONS_ERROR' };
  if (kind < 82) return { amount: '', reason: 'DAMAGED' };
  if (kind < 88) return { amount: money(created), reason: 'ORDER_UPDATE' };
  if (kind < 90) return { amount: '10.00', reason: 'OTHER', unknown: true };
  if (kind < 92) return { amount: '10.00', reason: 'no such reason' };
  if (kind < 94) return { amount: '"12,50"', reason: 'OTHER' };
  if (kind < 96) return { amount: '', reason: 'VALIDATED' };
  if (kind < 97) return { amount: '10.00', reason: 'OTHER', tracker: '9999' };
  if (kind < 98) return { amount: '', reason: 'ORDER_UPDATE', status: i % 200 < 100 ? 'EXISTING' : 'NEW' };
  return { amount: '', reason: 'RESET' };
};

/**
 * Which order a line is for. `listed`: by time, as an advertiser's system lists them, more than half of the orders left out and
 * neighbours mixed; `scattered`: from all over the ledger, the worst for any database.
 */
export type FileOrder = 'listed' | 'scattered';

const idOf = (i: number, order: FileOrder): number => {
  if (order === 'scattered') return ((i * 7919) % ledgerSize) + 1;
  const place = i - (i % 500) + (((i % 500) * 419) % 500);
  return place * 2 + 1 + (place % 2);
};

const lineOf = (i: number, order: FileOrder): string => {
  const turned = i % 100 === 99 ? i - 99 : i; // the last of a hundred resets what the first has changed
  const id = idOf(turned, order);
  const { amount, reason, status = '', tracker = '4521', unknown } = wishOf(i, 1000 + ((id * 7919) % 100_000));
  const named = `ORD-${String(unknown ? id + ledgerSize : id).padStart(9, '0')}`;
  const keys = i % 2 === 0 && !unknown ? `1000.4521.${id},` : `,${named}`;
  const said = i % 3 === 0 ? `"${comment}, ticket ""${i}"""` : `${comment.replaceAll(',', '')} ${i}`;
  return `${keys},${tracker},${amount},${reason},${status},USD,Store ${i % 90},${said}`;
};

/** A file of so many lines; some 217 bytes each. */
export const modificationFile = (lines: number, order: FileOrder): Buffer =>
  Buffer.from([header, ...Array.from({ length: lines }, (_, i) => lineOf(i, order)), ''].join('\r\n'));
