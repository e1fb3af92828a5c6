import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { from as copyFrom } from 'pg-copy-streams';
import pg from 'pg';
import type { Column, Feed } from '../../src/outbound/feed/feed.ts';
import { openStore } from '../../src/store/open-store.ts';
import { at, need } from '../servers/packages.ts';
import { startPostgres } from '../servers/postgres.ts';
import type { LoopDelay } from './loop-delay.ts';
import { type BenchRow, median, timed } from './row.ts';

const run = promisify(execFile);
const rounds = 3;
const million = 1_000_000;

const names = [
  ...['transactionId', 'eventTypeId', 'orderId', 'eventDate', 'amount', 'currency', 'payout', 'quantity'],
  ...['customerStatus', 'campaign', 'offer', 'promoCode', 'clickId', 'email', 'firstName', 'lastName', 'mobile'],
  ...['country', 'postcode', 'audience'],
];
const plain: Column[] = names.map((field) => ({ header: field, field }));
const withRules: Column[] = plain.map((column) => {
  if (column.field === 'email') return { ...column, as: 'sha256' };
  if (column.field === 'eventDate') return { ...column, format: 'yyyy-MM-dd HH:mm:ss' };
  if (column.field !== 'customerStatus') return column;
  return {
    ...column,
    when: [
      { equals: 'NEW', give: 'N' },
      { contains: 'EXIST', give: 'E' },
    ],
    empty: 'U',
    otherwise: 'O',
  };
});

const feedOf = (name: string, columns: Column[]): Feed => ({
  name,
  partner: 'acme',
  schedule: '0 2 * * *',
  timezone: 'Australia/Sydney',
  catchUp: 'once',
  startAt: 'beginning',
  include: 'new',
  selection: { eventTypes: [4521] },
  empty: 'skip',
  order: 'strict',
  drops: [],
  retired: false,
  file: {
    ...{ name: '{feed}_{number}.csv', delimiter: ',', lineEnd: '\r\n', header: true, bom: false, compress: 'none' },
    ...{ guardFormulas: 'off', sidecar: 'none', columns },
  },
});

/** Rows by plain SQL: 225 bytes each, some with quotes and commas. */
const fill = (file: string, count: number): void => {
  const db = new Database(file);
  db.exec('begin');
  db.exec(`insert into journal (sequence, transaction_id, change, at, amount, payout, status, channel)
    with recursive c(i) as (select 1 union all select i + 1 from c where i < ${count})
    select i, i, 'created', 1760000000000 + i * 37, (i * 7919) % 100000, (i * 7919) % 100000 / 20, 'PENDING', 'bench' from c`);
  db.exec(`insert into transactions (id, public_id, event_type, partner, order_id, event_date, locking_date, created_at,
      currency, amount, payout, status, quantity, customer_status, campaign, offer, promo_code, click_id, email,
      first_name, last_name, mobile, country, postcode, audience)
    select sequence, '1000.4521.' || sequence, 4521, 'acme', 'ORD-' || printf('%09d', sequence), at, at + 2592000000, at,
      'USD', amount, payout, status, 1 + sequence % 3, iif(sequence % 2, 'NEW', 'EXISTING'), 'Spring Sale ' || (sequence % 20),
      'Offer ' || (sequence % 7), 'PROMO' || (sequence % 50), printf('%016X', sequence * 7919),
      'customer' || sequence || '@example.com', 'Jean-Luc', 'O"Brien, Jr. ' || (sequence % 100),
      '+4917' || printf('%08d', sequence), 'DE', '80331', '2581697744617' || printf('%06d', sequence % 1000000)
    from journal`);
  db.exec('commit');
  db.close();
};

const peerColumns = (amount: (column: string) => string): string =>
  [
    ...[
      'public_id',
      'event_type',
      'order_id',
      'event_date',
      amount('amount'),
      'currency',
      amount('payout'),
      'quantity',
    ],
    ...['customer_status', 'campaign', 'offer', 'promo_code', 'click_id', 'email', 'first_name', 'last_name', 'mobile'],
    ...['country', 'postcode', 'audience'],
  ].join(', ');

const peerWhere = `from transactions where partner = 'acme' and event_type in (4521) and id > 0 and id <= ${million} order by id`;

interface Frozen extends LoopDelay {
  ms: number;
  rssMb: number;
  rows: number;
}

const child = new URL('freeze-child.ts', import.meta.url).pathname;

const freezeOnce = async (url: string, folder: string, columns: Column[], label: string): Promise<Frozen> => {
  const feed = feedOf(label, columns);
  const { stdout } = await run(process.execPath, [child, JSON.stringify({ url, folder, feed })]);
  return JSON.parse(stdout) as Frozen;
};

interface Setting {
  title: string;
  url: string;
  folder: string;
  peer: string;
  runPeer(): Promise<unknown>;
  budgets: { plain: number; rules: number };
}

/** Plain, rules and the peer in turns; the first turn of all is not counted. */
const compare = async ({ title, url, folder, peer, runPeer, budgets }: Setting): Promise<BenchRow[]> => {
  const times = { plain: [] as Frozen[], rules: [] as Frozen[], peer: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const a = await freezeOnce(url, folder, plain, `plain${round}`);
    const b = await freezeOnce(url, folder, withRules, `rules${round}`);
    const c = await timed(runPeer);
    if (round === 0) continue;
    times.plain.push(a);
    times.rules.push(b);
    times.peer.push(c);
  }
  const peerMs = median(times.peer);
  const row = (what: string, frozen: Frozen[], budget: number): BenchRow => {
    const oursMs = median(frozen.map(({ ms }) => ms));
    const rss = Math.max(...frozen.map(({ rssMb }) => rssMb));
    const ratio = oursMs / peerMs;
    const [p99, max] = [Math.max(...frozen.map((one) => one.p99)), Math.max(...frozen.map((one) => one.max))];
    const note = `RSS ${rss} MB; loop delay ${p99} ms p99, ${max} ms max`;
    const met = ratio <= budget && rss <= 280 && p99 <= 50 && max <= 250;
    return {
      work: `freeze 1,000,000 × 20 from ${title}, ${what}`,
      peer,
      oursMs,
      peerMs,
      ratio,
      budget: `≤ ${budget}`,
      met,
      note,
    };
  };
  return [row('plain columns', times.plain, budgets.plain), row('rules and dates', times.rules, budgets.rules)];
};

const onSqlite = async (folder: string): Promise<BenchRow[]> => {
  await need(['sqlite3'], at('/usr/bin/sqlite3'));
  const file = join(folder, 'bench.db');
  const url = `sqlite:${file}`;
  await (await openStore(url, folder)).close();
  fill(file, million);
  const columns = peerColumns((column) => `printf('%d.%02d', ${column} / 100, ${column} % 100)`);
  const script = `.mode csv\n.headers on\n.output ${join(folder, 'peer.csv')}\nselect ${columns} ${peerWhere};\n`;
  const runPeer = () =>
    run('/usr/bin/sqlite3', ['-readonly', file, '-cmd', '.timeout 1000', ...script.trim().split('\n')]);
  const budgets = { plain: 2.2, rules: 3.5 };
  return compare({ title: 'SQLite', url, folder, peer: 'sqlite3 -csv to a file', runPeer, budgets });
};

/** Memory must not grow with the file: five times the rows. */
const flatMemory = async (folder: string): Promise<BenchRow> => {
  const file = join(folder, 'large.db');
  await (await openStore(`sqlite:${file}`, folder)).close();
  fill(file, 5 * million);
  const large = await freezeOnce(`sqlite:${file}`, folder, plain, 'large');
  await rm(file);
  const small = await freezeOnce(`sqlite:${join(folder, 'bench.db')}`, folder, plain, 'small');
  const ratio = large.rssMb / small.rssMb;
  const note = `RSS ${small.rssMb} MB → ${large.rssMb} MB`;
  const met = large.rssMb <= 280;
  return {
    work: 'memory, 1 M → 5 M rows',
    peer: 'itself at 1 M rows',
    oursMs: large.ms,
    peerMs: small.ms,
    ratio,
    budget: '280 MB, flat',
    met,
    note,
  };
};

/** The same rows, copied from the SQLite ledger. */
const fillPostgres = async (url: string, file: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('alter table journal disable trigger user');
  const copyTable = async (table: string, columns: string): Promise<void> => {
    const source = execFile('/usr/bin/sqlite3', ['-readonly', file, '-csv', `select ${columns} from ${table}`], {
      maxBuffer: 1 << 30,
    });
    const target = client.query(copyFrom(`copy ${table} (${columns}) from stdin csv`));
    source.stdout?.pipe(target);
    await once(target, 'finish');
  };
  await copyTable('journal', 'sequence, transaction_id, change, at, amount, payout, status, channel');
  await client.query(`select setval('journal_sequence_seq', ${million})`);
  const text =
    'customer_status, campaign, offer, promo_code, click_id, email, first_name, last_name, mobile, country, postcode, audience';
  const own =
    'id, public_id, event_type, partner, order_id, event_date, locking_date, created_at, currency, amount, payout, status, quantity';
  await copyTable('transactions', `${own}, ${text}`);
  await client.query('alter table journal enable trigger user');
  await client.query('alter table journal enable always trigger journal_fence');
  await client.query('vacuum analyze');
  await client.end();
};

const onPostgres = async (folder: string): Promise<BenchRow[]> => {
  const server = await startPostgres();
  if (typeof server === 'string') throw new Error(server);
  try {
    await (await openStore(server.url, folder)).close();
    await fillPostgres(server.url, join(folder, 'bench.db'));
    const columns = peerColumns((column) => `to_char(${column} / 100.0, 'FM999999990.00')`);
    const copy = `\\copy (select ${columns} ${peerWhere}) to '${join(folder, 'peer.csv')}' csv header`;
    const runPeer = () => run('psql', ['-X', '-q', server.url, '-c', copy]);
    const setting = { title: 'PostgreSQL', url: server.url, folder, peer: 'psql \\copy', runPeer };
    return await compare({ ...setting, budgets: { plain: 3, rules: 3 } });
  } finally {
    await server.stop();
  }
};

export const freezeRows = async (): Promise<BenchRow[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-bench-'));
  try {
    return [...(await onSqlite(folder)), await flatMemory(folder), ...(await onPostgres(folder))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
