import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processEnvironment } from '../../src/settings/environment.ts';
import { loadSettings } from '../../src/settings/load-settings.ts';
import { loadDrop } from '../../src/settings/one-drop.ts';
import type { Problem } from '../../src/settings/problem.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { env, makeData, now } from './data.ts';

const root = new URL('../..', import.meta.url).pathname;
const right = join(root, 'fixtures/config/right');
let work: string;
let dataFolder: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'settings-'));
  dataFolder = makeData(join(work, 'data'));
});
afterAll(() => rmSync(work, { recursive: true }));

let count = 0;
/** A configuration folder with just these files. */
const folder = (files: Record<string, string | Buffer>): string => {
  const configFolder = join(work, `config-${count++}`);
  mkdirSync(configFolder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(configFolder, name)), { recursive: true });
    writeFileSync(join(configFolder, name), text);
  }
  return configFolder;
};
const load = (configFolder: string) => loadSettings({ configFolder, dataFolder, env, now });
const settingsIn = async (configFolder: string): Promise<Settings> => {
  const loaded = await load(configFolder);
  if (!loaded.ok) throw new Error(inspect(loaded.problems));
  return loaded.settings;
};
const problemsIn = async (configFolder: string): Promise<Problem[]> => {
  const loaded = await load(configFolder);
  return loaded.ok ? [] : loaded.problems;
};
const acme = (feed: string, drops = '{ d: { kind: folder, folder: drops/acme } }') =>
  folder({ 'nightdrop.yaml': '', 'partners/acme.yaml': `feeds:\n  f: ${feed}\ndrops: ${drops}\n` });
const plainFeed = 'schedule: "0 2 * * *", file: { name: "{number}.csv", columns: [orderId] }, drops: [d]';

describe('what is right', () => {
  test('the sample configuration has no problem, and one of its feeds runs every minute into a folder', async () => {
    const sources = { dataFolder: 'var', env: processEnvironment(), now };
    const loaded = await loadSettings({ configFolder: join(root, 'config'), ...sources });
    expect(loaded).toMatchObject({ ok: true, settings: { sample: true, web: { host: '127.0.0.1', port: 8080 } } });
    if (!loaded.ok) return;
    const { feeds, drops, eventTypes } = loaded.settings;
    const drop = drops.get(feeds.find((feed) => feed.schedule === '* * * * *')?.drops[0] ?? '');
    expect(drop?.spec).toMatchObject({ kind: 'folder', folder: join(process.cwd(), 'var/drops/acme') });
    expect([...eventTypes.keys()]).toEqual([4521]);
  });

  test('every key of the public configuration is understood', async () => {
    const { drops, eventTypes, intakes, ...rest } = await settingsIn(right);
    const maps = { drops: [...drops], eventTypes: [...eventTypes], intakes: [...intakes] };
    const text = JSON.stringify({ ...rest, ...maps }, null, 2)
      .replaceAll(dataFolder, 'DATA')
      .replaceAll(right, 'CONFIG');
    const golden = join(right, 'settings.json');
    if (process.env['GOLDEN'] === 'write') writeFileSync(golden, `${text}\n`);
    expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
  });

  test('an event type knows whom conversion files may name', async () => {
    const partners = { 'partners/left.yaml': 'ids: [7, "008"]\nactive: false\n', 'partners/acme.yaml': 'ids: [9]\n' };
    const files = { 'nightdrop.yaml': '', 'event-types/1.yaml': 'currency: USD\n', ...partners };
    const { eventTypes } = await settingsIn(folder(files));
    expect(eventTypes.get(1)?.conversions).toEqual({
      ...{ campaigns: [], chainedTo: [], maxAge: 88 * 86_400_000, maxAgeWithPartner: 398 * 86_400_000 },
      partners: new Map([
        ['7', 'left'],
        ['008', 'left'],
        ['9', 'acme'],
      ]),
      activePartners: new Set(['acme']),
    });
  });

  test('secrets are read, and show nowhere', async () => {
    const settings = await settingsIn(right);
    const spec = settings.drops.get('acme-sftp')?.spec;
    expect(spec?.kind === 'sftp' && spec.key?.reveal()).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----[^]*-----$/);
    expect(settings.database.url.reveal()).toBe(`sqlite:${dataFolder}/nightdrop.db`);
    const shown = [
      JSON.stringify(settings),
      JSON.stringify([...settings.drops]),
      inspect(settings, { depth: 20 }),
    ].join();
    expect(shown).not.toMatch(/PRIVATE KEY|planted/);
  });

  test('an FTPS drop with every key, and with those that are needed', async () => {
    const needed = 'kind: ftps, host: ftp.acme.example, user: nightdrop, password: { env: ACME_PASSWORD }';
    const pin = `SHA256:${Buffer.alloc(32).toString('base64').replace('=', '')}`;
    const full = 'port: 2121, ca: { file: certificates/authority.pem }, tls: { min: TLSv1.3 }, folder: /inbound/';
    const drops = `{ d: { ${needed} }, f: { ${needed}, ${full} }, i: { ${needed}, mode: implicit, certificates: ["${pin}="] } }`;
    const settings = await settingsIn(acme(`{ ${plainFeed} }`, drops));
    const specs = ['d', 'f', 'i'].map((name) => settings.drops.get(name)?.spec);
    const both = { min: 'TLSv1.2', max: 'TLSv1.3' };
    expect(specs).toMatchObject([
      { kind: 'ftps', port: 21, mode: 'explicit', tls: both, folder: '.', rename: true, confirm: 'size' },
      {
        port: 2121,
        tls: { ...both, min: 'TLSv1.3' },
        folder: '/inbound',
        ca: expect.stringMatching(/^-----BEGIN CERT/) as string,
      },
      { port: 990, mode: 'implicit', certificates: [pin] },
    ]);
    expect(inspect(specs, { depth: 20 })).not.toMatch(/planted/);
  });

  test.each(['certificates: ["SHA256:short"]', 'certificates: "all"', 'certificates: []', 'hostKeys: []'])(
    'a drop read by itself with pins that cannot be read trusts nobody: %s',
    (pins) => {
      const drops = `{ d: { kind: ftps, host: ftp.acme.example, user: u, password: { env: ACME_PASSWORD }, ${pins} } }`;
      const configFolder = acme(`{ ${plainFeed} }`, drops);
      const found = loadDrop({ configFolder, dataFolder, env, now }, 'd');
      expect(found).toMatchObject({ ok: true, drop: { problems: [], plan: { spec: { certificates: [] } } } });
      expect(found.ok && found.drop.pinProblems).not.toEqual([]);
    },
  );

  test('left out, everything but what cannot be guessed has a default', async () => {
    const config = folder({
      'nightdrop.yaml': '',
      'partners/acme.yaml': `feeds: { f: { ${plainFeed} } }\ndrops: { d: { kind: folder, folder: drops/acme } }\n`,
      'event-types/1.yaml': 'currency: USD\n',
    });
    const settings = await settingsIn(config);
    expect(settings.feeds).toEqual([
      {
        name: 'f',
        partner: 'acme',
        schedule: '0 2 * * *',
        timezone: 'UTC',
        catchUp: 'once',
        startAt: 'beginning',
        include: 'new',
        selection: {},
        file: {
          name: '{number}.csv',
          delimiter: ',',
          lineEnd: '\r\n',
          header: true,
          bom: false,
          compress: 'none',
          guardFormulas: 'off',
          sidecar: 'none',
          columns: [{ header: 'orderId', field: 'orderId' }],
        },
        empty: 'skip',
        order: 'strict',
        drops: ['d'],
        retired: false,
      },
    ]);
    expect(settings.drops.get('d')).toMatchObject({ unknown: 'hold', giveUpAfter: 259_200_000, watchPickup: false });
    expect(settings.spool.folder).toBe(join(dataFolder, 'spool'));
    expect(settings.eventTypes.get(1)?.locking).toEqual({ kind: 'monthEnd', months: 1, days: 0 });
  });

  test('a database address with a password may come from the environment', async () => {
    const config = folder({ 'nightdrop.yaml': 'database: { url: { env: DATABASE_URL } }' });
    const url = 'postgres://nightdrop:planted@127.0.0.1:5432/nightdrop';
    const loaded = await loadSettings({ configFolder: config, dataFolder, env: { DATABASE_URL: url }, now });
    expect(loaded.ok && loaded.settings.database.url.reveal()).toBe(url);
    expect(inspect(loaded, { depth: 20 })).not.toMatch(/planted/);
  });

  test.each([
    ['yes', true],
    ['no', false],
    ['true', true],
    ['"no"', false],
  ])('backfill: %s', async (word, meant) => {
    const [feed] = (await settingsIn(acme(`{ ${plainFeed}, backfill: ${word} }`))).feeds;
    expect(feed?.backfill).toBe(meant);
  });

  test.each([
    ['{ months: 1, days: 27 }', { kind: 'monthEnd', months: 1, days: 27 }],
    ['{ days: 5 }', { kind: 'monthEnd', months: 0, days: 5 }],
    ['{ daysAfterEvent: 90 }', { kind: 'afterEvent', days: 90 }],
    ['open', { kind: 'open' }],
  ])('locking: %s', async (text, rule) => {
    const config = folder({ 'nightdrop.yaml': '', 'event-types/1.yaml': `currency: JPY\nlocking: ${text}\n` });
    expect((await settingsIn(config)).eventTypes.get(1)?.locking).toEqual(rule);
  });

  test('a tab as delimiter, in either way of writing it', async () => {
    for (const written of ['"\\t"', '\\t']) {
      const feed = plainFeed.replace('columns', `delimiter: ${written}, columns`);
      expect((await settingsIn(acme(`{ ${feed} }`))).feeds[0]?.file.delimiter).toBe('\t');
    }
  });

  test('a retired feed needs only its name, and a feed may go on with the history of one that is gone', async () => {
    expect((await settingsIn(acme('{ retired: true }'))).feeds[0]).toMatchObject({
      name: 'f',
      retired: true,
      drops: [],
    });
    expect((await settingsIn(acme(`{ ${plainFeed}, formerly: old }`))).feeds[0]).toMatchObject({ formerly: 'old' });
  });
});

describe('what is missing or cannot be read', () => {
  test('no folder', async () => {
    expect(await problemsIn(join(work, 'nowhere'))).toMatchObject([
      { field: '', message: expect.stringMatching(/no configuration folder/) },
    ]);
  });

  test('no nightdrop.yaml', async () => {
    expect(await problemsIn(folder({ 'event-types/1.yaml': 'currency: USD' }))).toMatchObject([
      { file: 'nightdrop.yaml', message: 'the file is missing' },
    ]);
  });

  test('a file that is not UTF-8, and a folder in the place of a file', async () => {
    const config = folder({
      'nightdrop.yaml': '',
      'partners/acme.yaml': Buffer.from('name: Caf\xe9', 'latin1'),
      'event-types/1.yaml/x': '',
    });
    expect(await problemsIn(config)).toMatchObject([
      { file: 'partners/acme.yaml', message: 'the file is not UTF-8' },
      { file: 'event-types/1.yaml', message: expect.stringMatching(/cannot be read/) },
    ]);
  });

  test('a broken file hides no problem of another, and references to what it defines are not blamed', async () => {
    const config = join(work, 'one-broken');
    cpSync(right, config, { recursive: true });
    writeFileSync(join(config, 'event-types/4521.yaml'), 'currency: [');
    writeFileSync(join(config, 'nightdrop.yaml'), 'sampel: true');
    expect((await problemsIn(config)).map(({ file, field }) => `${file} ${field}`)).toEqual([
      'nightdrop.yaml sampel',
      'event-types/4521.yaml ',
    ]);
  });
});
