import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { expect, test } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import { startChromium } from '../../servers/chromium.ts';
import { need } from '../../servers/packages.ts';
import { freshDatabase } from '../../stores.ts';
import { openPlace } from '../place.ts';
import { busyFeeds, setBusyDay } from './busy-day.ts';
import { ops, signedIn } from './walk.ts';

/*
 * The pictures of the README. PICTURES=write makes them again, with Chromium and pngquant; every run looks whether they
 * are there and small.
 */

const fileOf = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const names = ['overview', 'submissions', 'submission'] as const;
const pathOf = (name: string): string => `fixtures/pictures/${name}.png`;

const quantizer = '/usr/bin/pngquant';

/** The same picture with at most 128 colours. */
const smaller = (png: Buffer): Buffer => {
  const { stdout, stderr, status } = spawnSync(quantizer, ['--speed', '1', '--strip', '128', '-'], { input: png });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout;
};

const startAll = async (): Promise<Browser> => {
  const missing = await need(['pngquant'], () => (existsSync(quantizer) ? quantizer : undefined));
  const browser = missing ?? (await startChromium());
  if (typeof browser === 'string') throw new Error(browser);
  return browser;
};

const makeAgain = async (): Promise<void> => {
  const database = await freshDatabase('sqlite');
  const store = await openStore(database.url, '/');
  const place = await openPlace(store, { feeds: busyFeeds });
  const { submission } = await setBusyDay(place);
  const browser = await startAll();
  const { cookies } = await (await signedIn(browser, place, ops)).context().storageState();
  const whole = { viewport: { width: 1400, height: 900 }, deviceScaleFactor: 0.84, timezoneId: 'Europe/Berlin' };
  const page = await browser.newPage({ ...whole, storageState: { cookies, origins: [] } });
  const paths = { overview: '/overview', submissions: '/submissions', submission: `/submissions/${submission}` };
  for (const name of names) {
    await page.goto(place.base + paths[name]);
    writeFileSync(fileOf(pathOf(name)), smaller(await page.screenshot()));
  }
  await browser.close();
  await store.close();
  await database.remove();
};

test('the pictures of the README are there, small, and linked', { timeout: 300_000 }, async () => {
  if (process.env['PICTURES'] === 'write') await makeAgain();
  const readme = readFileSync(fileOf('README.md'), 'utf8');
  for (const name of names) {
    const png = readFileSync(fileOf(pathOf(name)));
    expect(png.subarray(1, 4).toString(), name).toBe('PNG');
    expect(png.readUInt32BE(16), 'pixels wide').toBeLessThanOrEqual(1200);
    expect(png.length, 'bytes').toBeLessThan(120_000);
    expect(readme).toContain(`](${pathOf(name)})`);
  }
});
