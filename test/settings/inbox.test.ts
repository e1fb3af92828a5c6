import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSettings } from '../../src/settings/load-settings.ts';
import { env, makeData, now } from './data.ts';

const right = new URL('../../fixtures/config/right/', import.meta.url).pathname;

const load = async (eventType: string) => {
  const work = mkdtempSync(join(tmpdir(), 'settings-'));
  onTestFinished(() => rmSync(work, { recursive: true }));
  const configFolder = join(work, 'config');
  cpSync(right, configFolder, { recursive: true });
  mkdirSync(join(configFolder, 'event-types'), { recursive: true });
  writeFileSync(join(configFolder, 'event-types/7000.yaml'), `currency: USD\n${eventType}\n`);
  const dataFolder = makeData(join(work, 'data'));
  const loaded = await loadSettings({ configFolder, dataFolder, env, now });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return { settings: loaded.settings, dataFolder };
};

test('an inbox is read with the keys of a drop and its own', async () => {
  const { settings, dataFolder } = await load(
    'inbox: { kind: folder, folder: in, pattern: "Orders_*.CSV", every: 5m, remove: true }',
  );
  expect(settings.inboxes.get(7000)).toMatchObject({
    ...{ eventTypeId: 7000, pattern: 'Orders_*.CSV', every: 300_000, remove: true },
    spec: { kind: 'folder', folder: join(dataFolder, 'in') },
  });
  const minimal = await load('inbox: { kind: folder, folder: in, remove: no }');
  expect(minimal.settings.inboxes.get(7000)).toMatchObject({ pattern: '*.csv', every: 60_000, remove: false });
  expect((await load('')).settings.inboxes.has(7000)).toBe(false);
});

test('a share of reversals is a percentage; 20 of them count unless said otherwise', async () => {
  const { settings } = await load('hold: { reversalsOver: 30% }');
  expect(settings.eventTypes.get(7000)?.hold).toEqual({ reversalsOver: 30, atLeast: 20 });
  expect((await load('')).settings.eventTypes.get(7000)?.hold).toBeUndefined();
});
