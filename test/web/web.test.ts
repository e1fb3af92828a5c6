import { rmSync, writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixedClock } from '../../src/clock.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import { makeLog, silentLog } from '../../src/log.ts';
import { openSpool, type Spool } from '../../src/store/spool.ts';
import type { Store } from '../../src/store/store.ts';
import type { WebContext } from '../../src/web/context.ts';
import { makeMetrics } from '../../src/web/metrics.ts';
import { checkReadiness } from '../../src/web/readiness.ts';
import { makeGateState } from '../../src/web/people/gate.ts';
import { startWeb } from '../../src/web/start-web.ts';
import { openWeb, type Web } from '../../src/web/web.ts';
import { describeStores } from '../stores.ts';

let folder = '';
let web: Web | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightdrop-web-'));
});
afterEach(async () => {
  await web?.close();
  web = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const get = async (path: string): Promise<{ status: number; text: string; headers: Headers }> => {
  const answer = await fetch(`http://127.0.0.1:${web?.port}${path}`);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
};

const contextOf = (store: Store, spool: Spool, log = silentLog): WebContext => ({
  ...{ store, spool, clock: fixedClock('2026-11-21T02:00:00Z'), log, holder: 'test', openDrop },
  ...{ random: Math.random, version: '1.2.3' },
  dropSection: () => ({}),
  ...{ shownKeys: () => Promise.resolve([]), underWay: new Set() },
  settings: () => ({
    ...{ feeds: [], drops: new Map(), eventTypes: new Map(), intakes: new Map(), mailDomain: undefined },
    ...{ url: undefined, base: 'http://127.0.0.1', proxies: [], relay: undefined, maxUpload: 1 },
    ...{ partners: [], channels: [] },
  }),
});

const start = async (store: Store, awake = true) => {
  const spool = await openSpool(join(folder, 'spool'));
  const lines: string[] = [];
  const ctx = contextOf(store, spool, makeLog('info', { write: (line) => void lines.push(line) }));
  const errors: unknown[] = [];
  const parts = { metrics: makeMetrics(store, ctx.clock), readiness: () => checkReadiness(store, spool, () => awake) };
  web = await startWeb({ host: '127.0.0.1', port: 0 }, ctx, parts, (error) => errors.push(error));
  return { errors, lines };
};

const insert = (store: Store, table: string, row: object) =>
  store.write(async ({ knex }) => void (await knex(table).insert(row)));

const batch = (number: number) => ({
  ...{ feed: 'acme', kind: 'feed', number, from_sequence: 0, to_sequence: 5, row_count: 5, members: '' },
  ...{ include: 'new', selection: '{}', layout: '{}', file_name: `a${number}`, spool: 'x', bytes: 1, sha256: '' },
  frozen_at: 1,
});

const delivery = (batchId: number, state: string, at: string) => ({
  ...{ batch_id: batchId, feed: 'acme', drop_name: `d-${state}`, ordering: 'strict', state },
  ...{ created_at: Date.parse(at), next_attempt_at: 0 },
});

describeStores('web', (open) => {
  test('healthz lives whatever happens; readyz says what does not work', async () => {
    const store = await open();
    await start(store);
    expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"ok":true,"version":"1.2.3"}' });
    expect((await get('/readyz')).status).toBe(200);
    rmSync(join(folder, 'spool'), { recursive: true });
    writeFileSync(join(folder, 'spool'), 'a file where the folder was');
    const { status, text } = await get('/readyz');
    expect(status).toBe(503);
    const { checks } = JSON.parse(text) as { checks: { name: string; ok: boolean; reason?: string }[] };
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['database', true],
      ['spool', false],
      ['scheduler', true],
    ]);
    expect((await get('/healthz')).status).toBe(200);
  });

  test('a scheduler that sleeps is not ready', async () => {
    const { lines } = await start(await open(), false);
    const { status, text } = await get('/readyz');
    expect(status).toBe(503);
    const [database, spool] = ['database', 'spool'].map((name) => ({ name, ok: true }));
    expect(JSON.parse(text)).toEqual({ ok: false, checks: [database, spool, { name: 'scheduler', ok: false }] });
    await get('/readyz');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('it has not woken up for a minute');
  });

  test('metrics count batches, rows, deliveries and runs, and the age of what waits', async () => {
    const store = await open();
    await start(store);
    expect((await get('/metrics')).text).toContain('nightdrop_oldest_pending_seconds 0');
    await insert(store, 'batches', batch(1));
    await insert(store, 'batches', batch(2));
    await insert(store, 'deliveries', delivery(1, 'delivered', '2026-11-20T00:00:00Z'));
    await insert(store, 'deliveries', delivery(1, 'held', '2026-11-21T01:00:00Z'));
    await insert(store, 'deliveries', delivery(2, 'pending', '2026-11-21T01:30:00Z'));
    const run = { feed: 'acme', kind: 'schedule', state: 'finished', claim: 1, claimed_at: 1 };
    await insert(store, 'occurrences', { ...run, due: 1, outcome: 'frozen', finished_at: 1000 });
    await insert(store, 'occurrences', { ...run, due: 2, outcome: 'empty', finished_at: 61_000 });
    const { text, headers } = await get('/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    for (const line of [
      'nightdrop_batches_frozen{feed="acme"} 2',
      'nightdrop_rows_frozen{feed="acme"} 10',
      'nightdrop_deliveries{state="pending"} 1',
      'nightdrop_deliveries{state="delivered"} 1',
      'nightdrop_deliveries{state="settled"} 0',
      'nightdrop_deliveries_held 1',
      'nightdrop_oldest_pending_seconds 3600',
      'nightdrop_feed_last_run_timestamp_seconds{feed="acme",outcome="empty"} 61',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain('outcome="frozen"');
  });

  test('open alerts are counted by kind; the page tells the unsigned how many, and nothing of what they say', async () => {
    const store = await open();
    await start(store);
    expect((await get('/')).text).toContain('no alert is open');
    const alert = { text: 'a private error', hint: 'look', opened_at: Date.parse('2026-11-21T01:00:00Z') };
    await insert(store, 'alerts', { key: 'a', kind: 'held', subject: 'acme-sftp: held (host-key)', ...alert });
    await insert(store, 'alerts', { key: 'b', kind: 'late', subject: 'late', ...alert });
    await insert(store, 'alerts', { key: 'c', kind: 'late', subject: 'over', ...alert, ended_at: 2 });
    const { text } = await get('/metrics');
    for (const [kind, count] of Object.entries({ held: 1, late: 1, pickup: 0, feed: 0 }))
      expect(text).toContain(`nightdrop_alerts_open{kind="${kind}"} ${count}\n`);
    const page = (await get('/')).text;
    expect(page).toContain('2 open alerts');
    expect(page).not.toMatch(/acme|private/);
  });

  test('what goes wrong in a request is for the log, not for the client', async () => {
    const store = await open();
    const { errors } = await start(store);
    await store.close();
    const { status, text } = await get('/metrics');
    expect(status).toBe(500);
    expect(text).toContain("the service's log says why");
    expect(text).not.toMatch(/connection|pool|database/i);
    expect(errors).toHaveLength(1);
    expect((await get('/readyz')).status).toBe(503);
  });
});

test('a port in use is a Fault with the address', async () => {
  const parts = { ctx: contextOf({} as Store, {} as Spool), routes: [], state: makeGateState() };
  web = await openWeb({ host: '127.0.0.1', port: 0 }, parts, () => {});
  const again = openWeb({ host: '127.0.0.1', port: web.port }, parts, () => {});
  await expect(again).rejects.toMatchObject({ code: 'port-in-use', object: `127.0.0.1:${web.port}` });
});
