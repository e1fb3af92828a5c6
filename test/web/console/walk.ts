import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { applyQueued } from '../../../src/inbound/submission/apply-queue.ts';
import type { Scope } from '../../../src/web/people/may.ts';
import { startChromium } from '../../servers/chromium.ts';
import type { PlaceOfWeb } from '../place.ts';

export const ops: Scope = { role: 'ops' };
export const advertiser: Scope = { role: 'advertiser', eventTypes: [4521] };
export const partner: Scope = { role: 'partner', partners: ['acme'], feeds: [] };

/** One browser for all tests of a file; it is there when they run. */
export const withBrowser = (): (() => Browser) => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    const started = await startChromium();
    if (typeof started === 'string') throw new Error(started);
    browser = started;
  });
  afterAll(() => browser?.close());
  return () => browser as Browser;
};

/** What the service does in its turn: applies what was submitted. */
export const applyAll = async ({ store, spool, settings }: PlaceOfWeb): Promise<void> => {
  const found = settings.eventTypes.get(4521);
  if (found) await applyQueued({ store, spool }, found, { signal: new AbortController().signal });
};

export interface Look {
  colorScheme?: 'light' | 'dark';
  width?: number;
}

/** Signs in as a person does, by opening a link and pressing its button; the page that comes then. */
export const signedIn = async (
  browser: Browser,
  place: PlaceOfWeb,
  scope: Scope,
  { colorScheme = 'light', width = 1280 }: Look = {},
): Promise<Page> => {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width, height: 900 },
    timezoneId: 'Europe/Berlin',
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const proof = await place.link(`${scope.role}@nightdrop.example`, scope);
  await page.goto(`${place.base}/sign-in/${proof}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/overview$/);
  return page;
};

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** No violation of the accessibility rules that a program can check. */
export const expectAccessible = async (page: Page): Promise<void> => {
  // By the debugger, past the page's own policy, which takes no script from elsewhere.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(told, page.url()).toEqual([]);
};
