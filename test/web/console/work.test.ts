import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium } from '../../servers/chromium.ts';
import { describeStores } from '../../stores.ts';
import { findDeeds } from '../../../src/web/people/audit.ts';
import { setStage } from '../api/stage.ts';
import { openPlace } from '../place.ts';
import { advertiser, expectAccessible, ops, signedIn } from './walk.ts';

let browser: Browser;
beforeAll(async () => {
  const started = await startChromium();
  if (typeof started === 'string') throw new Error(started);
  browser = started;
});
afterAll(() => browser.close());

describeStores('what people do in the console', (open) => {
  test('an advertiser copies the address and takes a template', async () => {
    const place = await openPlace(await open());
    const page = await signedIn(browser, place, advertiser);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: place.base });
    await page.goto(`${place.base}/event-types`);
    await page.getByRole('link', { name: 'Sale 4521' }).click();
    await page.getByRole('button', { name: 'Copy sale-4521+check@files.nightdrop.example' }).click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('sale-4521+check@files.nightdrop.example');
    expect(await page.locator('main').innerText()).toContain('until the end of 2027-01-31 (UTC)');
    expect(await page.locator('main').innerText()).toContain('Arrived damaged');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'changes-by-order.csv' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('changes-by-order.csv');
    expect(await readFile(await download.path(), 'utf8')).toContain('ORDER-1001,4521,80,ORDER_UPDATE');
    const other = await page.goto(`${place.base}/event-types/4522`);
    expect(other?.status()).toBe(404);
    expect((await page.goto(`${place.base}/event-types/4521/templates/none`))?.status()).toBe(404);
  });

  test('ops examine a drop and read of each step what was seen, and of a missing folder what to do', async () => {
    const place = await openPlace(await open());
    await setStage(place);
    const page = await signedIn(browser, place, ops);
    await page.goto(`${place.base}/drops`);
    await page.getByRole('link', { name: 'acme-folder' }).click();
    await page.getByRole('button', { name: 'Examine the drop' }).click();
    await page.getByText('Deliveries work').waitFor();
    const steps = await page.locator('tbody').innerText();
    expect(steps).toMatch(/round trip|rename/);
    expect(steps).not.toContain('failed');
    if (place.store.kind === 'sqlite') await expectAccessible(page);
    expect(await readdir(join(place.folder, 'acme'))).toEqual([]);
    await rm(join(place.folder, 'acme'), { recursive: true });
    await page.getByRole('button', { name: 'Examine it again' }).click();
    await page.getByText('Failed at: folder').waitFor();
    await page.getByText('create the folder, mount what belongs there, or correct "folder"').first().waitFor();
    const deeds = await findDeeds(place.store.read, { action: 'drops.examine' }, { count: 5 });
    expect(deeds.map(({ object, outcome }) => [object, outcome])).toEqual([
      ['drop acme-folder', 'done'],
      ['drop acme-folder', 'done'],
    ]);
  });
});
