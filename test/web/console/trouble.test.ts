import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { deliverNow } from '../../../src/outbound/delivery/deliver.ts';
import { deliveryContext } from '../../../src/web/context.ts';
import { findDeeds } from '../../../src/web/people/audit.ts';
import { describeStores } from '../../stores.ts';
import { addTransactions } from '../../feeds.ts';
import { setStage } from '../api/stage.ts';
import { openPlace, type PlaceOfWeb } from '../place.ts';
import { advertiser, applyAll, expectAccessible, ops, partner, signedIn, withBrowser } from './walk.ts';

const browser = withBrowser();

/** The bytes of what a link gives to take away. */
const taken = async (page: Page, name: RegExp): Promise<{ fileName: string; text: string }> => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
  return { fileName: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
};

const changes = [
  'OrderId,ActionTrackerId,Amount,Reason',
  'KNOWN,4521,0,ITEM_RETURNED',
  'UNKNOWN,4521,0,ITEM_RETURNED',
  '',
].join('\n');

const clean = 'OrderId,ActionTrackerId,Amount,Reason\nCLEAN,4521,0,ITEM_RETURNED\n';

describeStores('what people do when something went wrong', (open, kind) => {
  const look = (page: Page): Promise<void> => (kind === 'sqlite' ? expectAccessible(page) : Promise.resolve());

  const submitAs = async (place: PlaceOfWeb, fileName: string, body: string): Promise<void> => {
    const as = await place.token(advertiser);
    const path = `/api/v1/submissions?${new URLSearchParams({ eventType: '4521', fileName }).toString()}`;
    expect((await place.ask(path, { method: 'POST', as, body })).status).toBe(202);
    await applyAll(place);
  };

  test('ops find the failed file, read why; take the result of another; release a duplicate', async () => {
    const place = await openPlace(await open());
    await addTransactions(
      place.store,
      ['KNOWN', 'CLEAN'].map((order_id) => ({ order_id, event_type: 4521, amount: 5000 })),
    );
    await submitAs(place, 'broken.csv', 'Order,Sum\n1,2\n');
    await submitAs(place, 'returns.csv', changes);
    for (const name of ['clean.csv', 'clean again.csv']) await submitAs(place, name, clean);
    const page = await signedIn(browser(), place, ops);
    const trouble = page.getByRole('region', { name: 'Held and failed files, newest first' });
    await trouble.getByRole('link', { name: 'broken.csv' }).click();
    await page.waitForURL(/\/submissions\/\d+$/);
    await page.locator('.panel.bad', { hasText: /OrderId|ActionId/ }).waitFor();
    expect((await taken(page, /File as it came/)).text).toBe('Order,Sum\n1,2\n');
    await page.getByRole('link', { name: 'File submissions' }).first().click();
    await page.getByLabel('Status').selectOption('Complete');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('link', { name: 'returns.csv' }).click();
    await page.getByRole('link', { name: 'ACTION_NOT_FOUND' }).click();
    await page.getByText('Correct the ActionId or OrderId').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    await look(page);
    const { fileName, text } = await taken(page, /Result file/);
    expect(fileName).toBe('result_returns.csv');
    expect(text).toMatch(/^KNOWN,4521,0,ITEM_RETURNED,2,REVERSED,/m);
    expect(text).toMatch(/^UNKNOWN,4521,0,ITEM_RETURNED,3,ACTION_NOT_FOUND,/m);
    await page.goto(`${place.base}/submissions?status=Duplicate`);
    await page.getByRole('link', { name: 'clean again.csv' }).click();
    await page.getByText('The same bytes came before as').waitFor();
    await page.getByRole('button', { name: /Release/ }).click();
    await page.locator('.status', { hasText: 'Queued' }).waitFor();
    await applyAll(place);
    await page.reload();
    await page.getByText('Complete, 1 error').waitFor();
    await page.getByRole('cell', { name: 'ALREADY_REVERSED' }).waitFor();
    const deeds = await findDeeds(place.store.read, { who: 'ops@nightdrop.example' }, { count: 50 });
    const done = deeds.map(({ action, outcome }) => `${action} ${outcome}`);
    expect(done).toEqual(expect.arrayContaining(['submissions.download done', 'submissions.release done']));
  });

  test('a delivery is sent again: nothing where the same bytes lie, and once the partner has removed them', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const remote = join(place.folder, 'acme', 'acme_1.csv');
    const deliver = () =>
      deliverNow(deliveryContext(place.ctx), { id: mine.delivery }, { signal: new AbortController().signal });
    const page = await signedIn(browser(), place, ops);
    await page.goto(`${place.base}/deliveries?state=held`);
    await page.getByRole('link', { name: 'acme_1.csv' }).click();
    await page.getByRole('button', { name: /Release/ }).click();
    await page.locator('.status', { hasText: 'pending' }).first().waitFor();
    await deliver();
    await page.reload();
    await page.locator('.status', { hasText: 'delivered' }).first().waitFor();
    expect(await readFile(remote, 'utf8')).toBe('bytes');
    await page.getByRole('button', { name: 'Send it again' }).click();
    await page.getByText('Nothing was sent: the same bytes lie at the drop').waitFor();
    await look(page);
    await rm(remote);
    await page.getByRole('button', { name: 'Send it again' }).click();
    await page.locator('.status', { hasText: 'pending' }).first().waitFor();
    expect(await page.getByText('Nothing was sent').count()).toBe(0);
    await deliver();
    expect(await readFile(remote, 'utf8')).toBe('bytes');
  });

  test('a partner looks for a file that it missed, takes it, and has no buttons that are not its own', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    await mkdir(join(place.folder, 'acme'), { recursive: true });
    const page = await signedIn(browser(), place, partner);
    await page.getByRole('link', { name: 'acme_1.csv' }).first().click();
    await page.waitForURL(new RegExp(`/deliveries/${mine.delivery}$`));
    expect(await page.locator('main form').count()).toBe(0);
    expect(await taken(page, /The file/)).toEqual({ fileName: 'acme_1.csv', text: 'bytes' });
    await page.goto(`${place.base}/batches/${mine.batch}`);
    expect(await taken(page, /Download/)).toEqual({ fileName: 'acme_1.csv', text: 'bytes' });
    const deeds = await findDeeds(place.store.read, { action: 'batches.download' }, { count: 5 });
    expect(deeds.map(({ who, object }) => `${who}: ${object}`)).toEqual([
      `partner@nightdrop.example: batch ${mine.batch}`,
      `partner@nightdrop.example: batch ${mine.batch}`,
    ]);
  });
});
