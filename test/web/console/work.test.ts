import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { findDeeds } from '../../../src/web/people/audit.ts';
import { setStage } from '../api/stage.ts';
import { addTransactions, makeFeed } from '../../feeds.ts';
import { openPlace } from '../place.ts';
import { advertiser, applyAll, expectAccessible, ops, partner, signedIn, withBrowser } from './walk.ts';

const browser = withBrowser();

describeStores('what people do in the console', (open) => {
  test('an advertiser copies the address and takes a template', async () => {
    const place = await openPlace(await open());
    const page = await signedIn(browser(), place, advertiser);
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
    const page = await signedIn(browser(), place, ops);
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

  const foreign = [
    'Order No;Total;Why;Clerk',
    'S1-000000001;40.00;ORDER_UPDATE;Ann',
    'S1-000000002;0;ITEM_RETURNED;Bob',
    'S1-000000009;1,5;ITEM_RETURNED;Bob',
    ';;;',
  ].join('\r\n');

  test('an advertiser imports a file of foreign columns: mapped, tried, reviewed, applied once', async () => {
    const place = await openPlace(await open());
    const order = (id: string) => ({ partner: 'acme', event_type: 4521, order_id: id, amount: 5000, currency: 'USD' });
    await addTransactions(place.store, ['S1-000000001', 'S1-000000002'].map(order));
    const page = await signedIn(browser(), place, advertiser);
    await page.goto(`${place.base}/import`);
    await page.setInputFiles('input[type=file]', {
      ...{ name: 'März "returns".csv', mimeType: 'text/csv', buffer: Buffer.from(foreign) },
    });
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.waitForURL(/\/columns$/);
    const next = page.getByRole('button', { name: 'Next: dry run' });
    expect(await next.isDisabled()).toBe(true);
    await page.getByText('it lacks the column Reason').waitFor();
    if (place.store.kind === 'sqlite') await expectAccessible(page);
    await page.getByLabel('Import Why as').selectOption('Amount');
    await page.getByText('the columns Amount and Amount').or(page.getByText('is there twice')).waitFor();
    await page.getByLabel('Import Why as').selectOption('Reason');
    await page.getByText('Every column that is needed is there.').waitFor();
    await page.getByText('"1,5" has a decimal comma').waitFor();
    expect(await page.getByText('values fit').count()).toBe(2);
    await next.click();
    await page.waitForURL(/\/submissions\/\d+$/);
    const dryRun = Number(page.url().split('/').at(-1));
    await applyAll(place);
    await page.reload();
    await page.getByText('dry run: nothing was changed').waitFor();
    await page.getByRole('button', { name: 'Import: apply 2 lines' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(`/${dryRun}`));
    await applyAll(place);
    await page.reload();
    expect(await page.locator('h1').innerText()).toBe('März "returns".csv');
    await page.getByText('Complete, 1 error').waitFor();
    const as = await place.token(advertiser);
    const changed = await place.ask('/api/v1/transactions?orderId=S1-000000001', { as });
    expect(JSON.stringify(changed.json())).toMatch(/"40\.00"/);
    const mapped = await place.ask(`/api/v1/submissions/${dryRun}/original`, { as });
    expect(mapped.text.split('\r\n').slice(0, 2)).toEqual([
      'OrderId,Amount,Reason,ActionTrackerId',
      'S1-000000001,40.00,ORDER_UPDATE,4521',
    ]);
    expect(mapped.text.trimEnd().split('\r\n')).toHaveLength(4);
  });

  test('without the script a mapping is looked at by its button, and a wrong one does not go on', async () => {
    const place = await openPlace(await open());
    const as = await place.signIn('a@brand.example', advertiser);
    const form = new FormData();
    form.set('file', new File([foreign], 'returns.csv'));
    const token = new URLSearchParams({ eventType: '4521', formToken: as.formToken }).toString();
    const sent = await fetch(`${place.base}/import?${token}`, {
      ...{ method: 'POST', body: form, redirect: 'manual', headers: { Cookie: as.cookie, Origin: place.base } },
    });
    expect(sent.status).toBe(303);
    const path = sent.headers.get('location') ?? '';
    const post = (fields: Record<string, string>) =>
      place.ask(path, { method: 'POST', as, body: new URLSearchParams({ ...fields, formToken: as.formToken }) });
    const fields = { kind: 'modification', column0: 'OrderId', column1: 'Amount', column2: 'Reason', column3: 'Evil' };
    expect((await post({ ...fields, column2: '', do: 'next' })).status).toBe(422);
    const looked = await post({ ...fields, do: 'look' });
    expect(looked.headers.get('location')).not.toContain('formToken');
    const again = await place.ask(looked.headers.get('location') ?? '', { as });
    expect(again.text).toContain('Every column that is needed is there.');
    expect(again.text).not.toContain('Evil');
    const gone = await post({ ...fields, do: 'next' });
    expect(gone.status).toBe(303);
    const orders = { kind: 'conversion', column0: 'OrderId', column1: 'Amount', column2: 'CampaignId', column3: '=' };
    expect((await post({ ...orders, do: 'next' })).text).toContain('it lacks EventDate');
    expect((await place.ask(`${path}?kind=conversion`, { as })).text).toContain('attribute Clerk');
    const early = await place.ask(`${gone.headers.get('location')}/import`, {
      ...{ method: 'POST', as, body: new URLSearchParams({ formToken: as.formToken }) },
    });
    expect(early.text).toContain('its dry run is Queued');
    await applyAll(place);
    const upload = await place.ask(path.replace('/columns', ''), { as });
    expect(upload.text).toContain('it lacks the column');
    // A file whose columns were not mapped yet is nobody's trouble.
    expect((await place.ask('/overview', { as })).text).not.toContain('held or failed');
    const others = await fetch(`${place.base}/import?${token.replace('4521', '4522')}`, {
      ...{ method: 'POST', body: form, redirect: 'manual', headers: { Cookie: as.cookie, Origin: place.base } },
    });
    expect(others.status).toBe(404);
  });

  test('a partner counts the rows of a time frame, downloads them, and has them delivered', async () => {
    const place = await openPlace(await open(), {
      feeds: [
        makeFeed({ partner: 'acme', drops: ['acme-folder'], selection: { campaigns: ['10', '20'] } }),
        makeFeed({ name: 'bolt-nightly', partner: 'bolt' }),
      ],
    });
    const row = (order_id: string, day: string, campaign: string) => ({
      ...{ partner: 'acme', order_id, campaign, created_at: Date.parse(`2026-11-${day}`) },
    });
    await addTransactions(place.store, [
      ...[row('BEFORE', '18T12:59:59Z', '10'), row('FIRST', '18T13:00:00Z', '10')],
      ...[row('OTHER', '18T15:00:00Z', '20'), row('AFTER', '19T13:00:00Z', '10')],
    ]);
    const page = await signedIn(browser(), place, partner);
    await page.goto(`${place.base}/export`);
    await page.getByLabel('From (Australia/Sydney)').fill('2026-11-19T00:00');
    await page.getByLabel('To, not included').fill('2026-11-20T00:00');
    await page.getByRole('button', { name: 'Count the rows' }).click();
    await page.getByRole('heading', { name: '2 rows' }).waitFor();
    if (place.store.kind === 'sqlite') await expectAccessible(page);
    await page.getByLabel('10').check();
    await page.getByRole('button', { name: 'Count the rows' }).click();
    await page.getByRole('heading', { name: '1 row' }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the file' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^orderId,Amount\r\nFIRST,[^\n]+\n$/);
    await expect.poll(() => readdir(place.spool.folder), { timeout: 30_000 }).toEqual([]);
    await page.getByLabel('10').uncheck();
    await page.getByRole('button', { name: 'Count the rows' }).click();
    await page.getByRole('heading', { name: '2 rows' }).waitFor();
    await page.getByRole('button', { name: 'Deliver to acme-folder' }).click();
    await page.waitForURL(/\/batches\/\d+$/);
    await page.getByText('(manual export)').waitFor();
    await page.locator('.status', { hasText: 'pending' }).waitFor();
    expect((await page.goto(`${place.base}/export?feed=bolt-nightly`))?.status()).toBe(404);
    const as = await place.signIn('p@acme.example', partner);
    const form = { feed: 'bolt-nightly', from: '2026-11-19T00:00', to: '2026-11-20T00:00', formToken: as.formToken };
    for (const path of ['/export/download', '/export/delivery']) {
      const post = (fields: Record<string, string>) =>
        place.ask(path, { method: 'POST', as, body: new URLSearchParams({ ...form, ...fields }) });
      expect((await post({})).status).toBe(404);
      expect((await post({ feed: 'acme-nightly', to: '' })).status).toBe(400);
    }
  });
});
