import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { findMappings } from '../../../src/inbound/submission/saved-mappings.ts';
import { addTransactions } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { openPlace, type PlaceOfWeb } from '../place.ts';
import { advertiser, applyAll, expectAccessible, ops, signedIn, withBrowser } from './walk.ts';

const browser = withBrowser();

const upload = async (page: Page, { base }: PlaceOfWeb, name: string, lines: readonly string[]): Promise<void> => {
  await page.goto(`${base}/import?eventType=4521`);
  const file = { name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\r\n')) };
  await page.setInputFiles('input[type=file]', file);
  await page.getByRole('button', { name: 'Upload' }).click();
  await page.waitForURL(/\/submissions\/\d+(\/columns)?$/);
};

const chosen = (page: Page): Promise<string[]> =>
  page
    .locator('form[data-look] select')
    .evaluateAll((all) => all.map((one) => (one as unknown as { value: string }).value));

describeStores('mappings in the console', (open) => {
  test('an advertiser saves a mapping at the review, uses it for the next file, and deletes it', async () => {
    const place = await openPlace(await open());
    const order = { partner: 'acme', event_type: 4521, order_id: 'A-1', amount: 5000, currency: 'USD' };
    await addTransactions(place.store, [order]);
    const page = await signedIn(browser(), place, advertiser);
    await upload(page, place, 'first.csv', ['Belegnr;Summe;Why;Clerk', 'A-1;40.00;ORDER_UPDATE;Ann']);
    expect(await page.getByLabel('Saved mapping').count()).toBe(0);
    await page.getByLabel('Import Belegnr as').selectOption('OrderId');
    await page.getByLabel('Import Summe as').selectOption('Amount');
    await page.getByLabel('Import Why as').selectOption('Reason');
    await page.getByText('Every column that is needed is there.').waitFor();
    await page.getByRole('button', { name: 'Next: dry run' }).click();
    await page.waitForURL(/\/submissions\/\d+$/);
    await applyAll(place);
    await page.reload();
    await page.getByRole('button', { name: 'Import: apply 1 line' }).waitFor();
    await page.getByLabel('Save the mapping of its columns as').fill('Weekly <b>');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Its columns are mapped as in the saved mapping Weekly <b>.').waitFor();

    // The same columns in another order: it is used by itself.
    await upload(page, place, 'second.csv', ['Clerk;why;Summe;Belegnr', 'Ann;ORDER_UPDATE;39.00;A-1']);
    await page.getByText('as in the saved mapping Weekly <b>.').waitFor();
    expect(await chosen(page)).toEqual(['', 'Reason', 'Amount', 'OrderId']);
    if (place.store.kind === 'sqlite') await expectAccessible(page);

    // Other columns: suggestions know those of earlier files, and the saved one is used when it is asked for.
    await upload(page, place, 'third.csv', ['Summe;Reason;Belegnr', '39.00;ORDER_UPDATE;A-1']);
    await page.getByText('from what earlier files of these columns were imported as').waitFor();
    expect(await chosen(page)).toEqual(['Amount', 'Reason', 'OrderId']);
    await page.getByLabel('Saved mapping').selectOption('Weekly <b> (a column is not in this file)');
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('It imports columns that this file has not got: "Why".').waitFor();
    await page.getByText('It does not know, and leaves out unless you choose: "Reason".').waitFor();
    expect(await chosen(page)).toEqual(['Amount', '', 'OrderId']);
    expect(await page.getByRole('button', { name: 'Next: dry run' }).isDisabled()).toBe(true);
    await page.getByLabel('Saved mapping').selectOption('none: suggest the names');
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('Every column that is needed is there.').waitFor();

    await page.goto(`${place.base}/import?eventType=4521`);
    await page.getByRole('heading', { name: 'Saved mappings' }).waitFor();
    if (place.store.kind === 'sqlite') await expectAccessible(page);
    await page.getByRole('button', { name: 'Delete Weekly <b>' }).click();
    await expect.poll(() => findMappings(place.store.read), { timeout: 30_000 }).toEqual([]);
    await page.getByText('Nothing is changed yet').waitFor();
    expect(await page.getByRole('heading', { name: 'Saved mappings' }).count()).toBe(0);
  });

  test('new orders without a partner are said to stay unmatched, and XML is said not to be mapped', async () => {
    const place = await openPlace(await open());
    const page = await signedIn(browser(), place, ops);
    await upload(page, place, 'sales.csv', [
      'OrderId,EventDate,CampaignId,Amount',
      'N-1,2026-11-20T10:00:00Z,1000,5.00',
    ]);
    await page.getByText('Orders that name no partner stay unmatched until matching exists').waitFor();
    await page.getByRole('button', { name: 'Next: dry run' }).click();
    await page.waitForURL(/\/submissions\/\d+$/);
    await applyAll(place);
    await page.reload();
    await page.getByText('1 that name no partner stay unmatched until matching exists').waitFor();
    await upload(page, place, 'returns.xml', ['<returns/>']);
    await page.getByText('Only the columns of CSV files can be mapped').waitFor();
    const answer = await page.goto(`${page.url()}/columns`);
    expect(answer?.status()).toBe(409);
    await page.getByText('it is XML, and only the columns of CSV files can be mapped').waitFor();
  });

  test('what somebody has typed is not taken away by the refresh of the page', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const page = await signedIn(browser(), place, ops);
    await page.clock.install();
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.resourceType() === 'fetch') asked.push(request.url());
    });
    /** The next one is only asked for when the one before has done its work. */
    const refreshes = async (times: number): Promise<void> => {
      const enough = asked.length + times;
      const later = async (): Promise<number> => {
        await page.clock.runFor(11_000);
        return asked.length;
      };
      await expect.poll(later, { timeout: 60_000 }).toBeGreaterThanOrEqual(enough);
    };
    await page.goto(`${place.base}/deliveries/${mine.delivery}`);
    await page.getByLabel('Why, for the record').fill('sent by mail');
    await page.locator('h1').click();
    await place.store.write(({ knex }) =>
      knex('deliveries').where({ id: mine.delivery }).update({ error: 'later error' }),
    );
    await refreshes(2);
    expect(await page.getByLabel('Why, for the record').inputValue()).toBe('sent by mail');
    await page.getByLabel('Why, for the record').fill('');
    await page.locator('h1').click();
    await refreshes(1);
    await page.getByText('later error').first().waitFor();
  });

  test('a name is a name, and a mapping belongs to its event type', async () => {
    const place = await openPlace(await open());
    const as = await place.token(advertiser);
    const columns = [
      { column: ' Belegnr ', field: 'OrderId' },
      { column: 'Sku', field: 'Sku2' },
      { column: 'Clerk', field: null },
    ];
    const put = (path: string, body: object) =>
      place.ask(`/api/v1/event-types/${path}`, { method: 'PUT', as, body: JSON.stringify(body) });
    const made = await put('4521/mappings/modification/W%C3%B6chentlich', { columns });
    expect([made.status, made.json()]).toMatchObject([
      200,
      { name: 'Wöchentlich', kind: 'modification', columns: [{ column: 'Belegnr', field: 'OrderId' }, {}, {}] },
    ]);
    const refused = async (path: string, body: object) => {
      const { status, text } = await put(path, body);
      return `${status} ${text}`;
    };
    expect(await refused('4522/mappings/modification/x', { columns })).toMatch(/^404/);
    expect(await refused('4521/mappings/other/x', { columns })).toMatch(/^404/);
    expect(await refused(`4521/mappings/modification/${'x'.repeat(81)}`, { columns })).toMatch(/^400 .*too long/);
    expect(await refused('4521/mappings/modification/%20', { columns })).toMatch(/^400 .*it is empty/);
    expect(await refused('4521/mappings/modification/x', { columns: [] })).toMatch(/^400/);
    const evil = [{ column: 'a', field: 'Evil' }];
    expect(await refused('4521/mappings/modification/x', { columns: evil })).toMatch(/^400 .*it is not known/);
    const twice = ['a', 'b'].map((column) => ({ column, field: 'OrderId' }));
    expect(await refused('4521/mappings/modification/x', { columns: twice })).toMatch(/^400 .*two columns have it/);
    const listed = (await place.ask('/api/v1/mappings', { as })).json<{ items: { id: number }[] }>();
    expect(listed.items).toHaveLength(1);
    const gone = await place.ask(`/api/v1/mappings/${listed.items[0]?.id}`, { method: 'DELETE', as });
    expect(gone.status).toBe(200);
    expect(await findMappings(place.store.read)).toEqual([]);
  });
});
