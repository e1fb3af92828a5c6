import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import pg from 'pg';
import { openStore } from '../../src/store/open-store.ts';
import { eventTypeYaml, makePlace, type Place } from '../cli/program.ts';
import { startPostgres } from '../servers/postgres.ts';
import { feedNames, houseSql, size } from './pages-ledger.ts';
import type { BenchRow } from './row.ts';

/** How often each page is asked for; and not faster than one person may ask. */
const times = 60;
const paceMs = 55;

/** What an answer may take, 95 of 100 times. */
const mostMs = 150;

const pages = [
  ...['/overview', '/submissions', '/submissions?status=Failed', '/submissions?eventType=4521&type=Reversal'],
  ...[
    '/submissions?sender=ops7@brand.example',
    '/submissions?from=2020-01-01&to=2020-01-02',
    `/submissions/${size.submissions}`,
  ],
  ...['/submissions/5001', '/refused', '/deliveries', '/deliveries?state=held', '/deliveries/400', '/batches'],
  ...['/batches?feed=feed-3', '/batches/5000', '/trace?order=ORD-500000', '/schedule', '/import', '/export'],
  ...[
    '/export?feed=feed-1',
    '/event-types',
    '/event-types/4521',
    '/drops',
    '/api/v1/submissions',
    '/api/v1/deliveries',
  ],
];

const feedYaml = (name: string): string => `  ${name}:
    schedule: "0 2 * * *"
    timezone: UTC
    file: { name: "${name}_{number:06}.csv", columns: [transactionId, orderId, amount, email] }
    drops: [drop-${name}]
`;

const configure = ({ write }: Place): void => {
  for (const id of [4521, 4522]) write(`event-types/${id}.yaml`, eventTypeYaml.replace('online_sale', `sale_${id}`));
  write('partners/acme.yaml', '');
  for (let partner = 0; partner < 5; partner++) {
    const own = feedNames.filter((_, i) => i % 5 === partner);
    const drops = own.map((name) => `  drop-${name}: { kind: folder, folder: ${name} }\n`);
    write(
      `partners/partner-${partner}.yaml`,
      `name: P\nfeeds:\n${own.map(feedYaml).join('')}drops:\n${drops.join('')}`,
    );
  }
};

const fillSqlite = async (file: string): Promise<void> => {
  await (await openStore(`sqlite:${file}`, '/')).close();
  const db = new Database(file);
  db.pragma('synchronous = off');
  for (const sql of houseSql(Date.now())) db.exec(sql);
  db.exec('analyze');
  db.close();
};

const fillPostgres = async (url: string): Promise<void> => {
  await (await openStore(url, '/')).close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const sql of houseSql(Date.now())) await client.query(sql);
  await client.query('vacuum analyze');
  await client.end();
};

interface Session {
  base: string;
  headers: Record<string, string>;
  formToken: string;
}

const signIn = async (web: string, link: string): Promise<Session> => {
  const base = new URL(web).origin;
  const redeemed = await fetch(link, { method: 'POST', headers: { Origin: base }, redirect: 'manual' });
  const headers = { Cookie: (redeemed.headers.get('set-cookie') ?? '').split(';')[0] ?? '', Origin: base };
  const me = (await (await fetch(`${base}/api/v1/me`, { headers })).json()) as { formToken: string };
  return { base, headers, formToken: me.formToken };
};

/** Downloads by hand, one after the other, until it is stopped. Resolves to how many rows went out. */
const exportAlong = ({ base, headers, formToken }: Session) => {
  let going = true;
  const frame = { feed: 'feed-0', from: '2020-01-01T00:00', to: '2040-01-01T00:00', by: 'created' };
  const ended = (async () => {
    let rows = 0;
    while (going) {
      const body = new URLSearchParams({ ...frame, formToken });
      const answer = await fetch(`${base}/export/download`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`the export was refused: ${answer.status} ${await answer.text()}`);
      rows += (await answer.text()).split('\n').length - 2;
    }
    return rows;
  })();
  return { stop: () => ((going = false), ended) };
};

const measure = async ({ base, headers }: Session): Promise<Map<string, number[]>> => {
  const took = new Map<string, number[]>(pages.map((page) => [page, []]));
  for (let round = -1; round < times; round++) {
    for (const page of pages) {
      const start = performance.now();
      const answer = await fetch(`${base}${page}`, { headers });
      const text = await answer.text();
      const ms = performance.now() - start;
      if (!answer.ok) throw new Error(`${page}: ${answer.status} ${text.slice(0, 300)}`);
      if (round >= 0) took.get(page)?.push(ms);
      await pause(Math.max(0, paceMs - ms));
    }
  }
  return took;
};

const p95 = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? NaN);

const onPlace = async (title: string, place: Place): Promise<BenchRow> => {
  configure(place);
  const running = place.start('serve', '--json');
  while (!running.said.stdout.endsWith('}\n')) {
    if (running.child.exitCode !== null) throw new Error(running.said.stdout + running.said.stderr);
    await pause(100);
  }
  process.stdout.write(`  ${title} filled and started\n`);
  const { web, signIn: link } = JSON.parse(running.said.stdout) as { web: string; signIn: string };
  const session = await signIn(web, link);
  const along = exportAlong(session);
  const took = await measure(session);
  const rows = await along.stop();
  const each = [...took].map(([page, values]) => ({ page, ms: p95(values) })).sort((a, b) => b.ms - a.ms);
  const slowest = each[0]?.ms ?? NaN;
  for (const { page, ms } of each) process.stdout.write(`  ${title} ${String(ms).padStart(5)} ms  ${page}\n`);
  const three = each
    .slice(0, 3)
    .map(({ page, ms }) => `${page} ${ms} ms`)
    .join(', ');
  return {
    work: `the slowest of ${pages.length} pages, p95 of ${times}, ${size.submissions} submissions, ${title}, exporting meanwhile`,
    ...{ oursMs: slowest, peer: 'what a page may take', peerMs: mostMs, ratio: slowest / mostMs },
    ...{ budget: '≤ 1', met: slowest <= mostMs, note: `${three}; ${rows} rows exported meanwhile` },
  };
};

/** Every page of the console in a busy house, while a time frame is exported by the same service again and again. */
export const pagesRows = async (): Promise<BenchRow[]> => {
  const rows: BenchRow[] = [];
  const here = makePlace();
  try {
    await fillSqlite(join(here.data, 'nightdrop.db'));
    rows.push(await onPlace('SQLite', here));
  } finally {
    await here.remove();
  }
  const server = await startPostgres({ durable: true });
  if (typeof server === 'string') throw new Error(server);
  const there = makePlace(server.url);
  try {
    await fillPostgres(server.url);
    rows.push(await onPlace('PostgreSQL', there));
  } finally {
    await there.remove();
    await server.stop();
  }
  return rows;
};
