import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { openPlace } from '../place.ts';
import { advertiser, expectAccessible, ops, partner, signedIn, withBrowser } from './walk.ts';

const browser = withBrowser();

const pathsOf = ({ submission, delivery, batch, order, eventType }: Awaited<ReturnType<typeof setStage>>['mine']) => ({
  ops: [
    ...[
      '/overview',
      '/submissions',
      `/submissions/${submission}`,
      '/refused',
      '/deliveries',
      `/deliveries/${delivery}`,
    ],
    ...['/batches', `/batches/${batch}`, `/trace?order=${order}`, '/schedule'],
    ...['/event-types', '/event-types/4521', '/drops', '/drops/acme-folder'],
    ...[
      '/import',
      '/import?eventType=4521',
      '/export',
      '/export?feed=acme-nightly&from=2026-11-20T00:00',
      `/submissions/${submission}/columns`,
    ],
  ],
  advertiser: [
    ...['/overview', '/submissions', `/submissions/${submission}`, `/trace?order=${order}`],
    ...['/event-types', `/event-types/${eventType}`, `/import?eventType=${eventType}`],
    `/submissions/${submission}/columns`,
  ],
  partner: [
    '/overview',
    '/export',
    '/export?from=2026-11-20T00:00',
    '/deliveries',
    `/deliveries/${delivery}`,
    '/batches',
    `/batches/${batch}`,
    '/schedule',
  ],
});

const focusedLink = "document.activeElement?.getAttribute('href')";

/** The same page once more, without its script, which would show the new state by itself. */
const staysAsItIs = async (page: Page): Promise<Page> => {
  const other = await page.context().newPage();
  await other.route('**/*.js', (route) => route.abort());
  await other.goto(page.url());
  return other;
};

describeStores('the console', (open, kind) => {
  // The same pages over both databases: their rules need to be looked at once.
  const look: typeof expectAccessible = (page) => (kind === 'sqlite' ? expectAccessible(page) : Promise.resolve());

  const looks = [
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
  ] as const;
  test.each(kind === 'sqlite' ? looks : looks.slice(0, 1))(
    'every page of ops passes the accessibility rules, %s, %i wide',
    async (colorScheme, width) => {
      const place = await openPlace(await open());
      const { mine } = await setStage(place);
      const page = await signedIn(browser(), place, ops, { colorScheme, width });
      const errors: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
      page.on('pageerror', (error) => errors.push(error.message));
      for (const path of pathsOf(mine).ops) {
        await page.goto(place.base + path);
        await look(page);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
      }
      expect(errors).toEqual([]);
    },
  );

  test.each([
    ['advertiser', advertiser],
    ['partner', partner],
  ] as const)('the pages of a %s show what is theirs, and nothing of others', async (role, scope) => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    const page = await signedIn(browser(), place, scope);
    for (const path of pathsOf(mine)[role]) {
      expect((await page.goto(place.base + path))?.status(), path).toBe(200);
      const text = await page.locator('body').innerText();
      expect(text).not.toMatch(/bolt|4522|planted(?! error)/);
      await look(page);
    }
    for (const path of pathsOf(theirs)[role].filter((one) => /\d$/.test(one) && !one.includes('?')))
      expect((await page.goto(place.base + path))?.status(), path).toBe(404);
    for (const path of ['/refused', role === 'partner' ? '/submissions' : '/deliveries'])
      expect((await page.goto(place.base + path))?.status(), path).toBe(403);
    expect(await page.locator('nav').count()).toBeLessThanOrEqual(1);
  });

  test('ops find the held file, read why, and release it once', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const page = await signedIn(browser(), place, ops);
    await page.goto(`${place.base}/submissions?status=Held&eventType=4521`);
    await page.getByRole('link', { name: 'returns.csv' }).click();
    await page.waitForURL(new RegExp(`/submissions/${mine.submission}$`));
    const stale = await page.context().newPage();
    await stale.goto(page.url());
    const older = await staysAsItIs(page);
    await page.getByRole('button', { name: /Release/ }).click();
    await page.getByText('Queued').first().waitFor();
    await stale.getByRole('button', { name: /Release/ }).click();
    await stale.getByText('only one that is Duplicate or Held can be released').waitFor();
    await place.store.write(async ({ knex }) => {
      await knex('submissions').where({ id: mine.submission }).update({ status: 'Held', error: 'another reason' });
    });
    await older.getByRole('button', { name: /Release/ }).click();
    await older.getByText('it was released and held again: another reason').waitFor();
    await page.goto(`${place.base}/submissions/${mine.submission}`);
    await page.getByRole('button', { name: /Release/ }).click();
    await page.getByText('Queued').first().waitFor();
    const held = await place.ask(`/api/v1/submissions/${mine.submission}`, { as: await place.token(ops) });
    expect(held.json()['status']).toBe('Queued');
  });

  test('a held delivery is released, and another settled with its reason', async () => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    const page = await signedIn(browser(), place, ops);
    await page.goto(`${place.base}/deliveries?state=held`);
    await page.goto(`${place.base}/deliveries/${mine.delivery}`);
    await page.getByText('planted error').first().waitFor();
    const stale = await staysAsItIs(page);
    await page.getByRole('button', { name: /Release/ }).click();
    await page.locator('.status', { hasText: 'pending' }).first().waitFor();
    await place.store.write(async ({ knex }) => {
      const again = { state: 'held', error: 'another error', error_code: 'unusual' };
      await knex('deliveries').where({ id: mine.delivery }).update(again);
    });
    await stale.getByRole('button', { name: 'Release: try it again' }).click();
    await stale.getByText('it is held anew since: another error').waitFor();
    await page.goto(`${place.base}/deliveries/${mine.delivery}`);
    await page.getByRole('button', { name: 'Release: send it as it is' }).click();
    await page.locator('.status', { hasText: 'pending' }).first().waitFor();
    await page.goto(`${place.base}/deliveries/${theirs.delivery}`);
    await page.getByLabel('Why, for the record').fill('sent by mail');
    await page.getByRole('button', { name: /Settle/ }).click();
    await page.getByText('sent by mail').waitFor();
  });

  test('what comes from outside is shown as text', async () => {
    const store = await open();
    const place = await openPlace(store);
    const { mine } = await setStage(place);
    const hostile = `<script>document.title='taken'</script>"><img src=x onerror=alert(1)>.csv`;
    await store.write(async ({ knex }) => {
      await knex('submissions').where({ id: mine.submission }).update({ file_name: hostile, error: hostile });
    });
    const page = await signedIn(browser(), place, ops);
    for (const path of [
      '/submissions',
      `/submissions/${mine.submission}`,
      `/trace?order=${encodeURIComponent(hostile)}`,
    ]) {
      await page.goto(place.base + path);
      expect(await page.locator('main').innerText()).toContain("<script>document.title='taken'</script>");
      expect(await page.title()).not.toBe('taken');
      expect(await page.locator('main script, main img').count()).toBe(0);
    }
  });

  test('a page that is open sees what happens, without losing its place', async () => {
    const store = await open();
    const place = await openPlace(store);
    const { mine } = await setStage(place);
    const page = await signedIn(browser(), place, ops);
    await page.goto(`${place.base}/submissions`);
    await page.keyboard.press('j');
    const focused = await page.evaluate(focusedLink);
    expect(focused).toMatch(/^\/submissions\/\d+$/);
    await store.write(async ({ knex }) => {
      await knex('submissions').where({ id: mine.submission }).update({ status: 'Failed' });
    });
    await page.locator('.status', { hasText: 'Failed' }).first().waitFor();
    expect(await page.evaluate(focusedLink)).toBe(focused);
    const [time] = await page.locator('time').all();
    expect(await time?.getAttribute('title')).toContain('UTC');
  });
});
