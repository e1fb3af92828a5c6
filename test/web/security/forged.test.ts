import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { endpoints } from '../../../src/web/api/api.ts';
import { root } from '../../../src/web/api/endpoint.ts';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { asked, cases, routesOf } from '../console/page-cases.ts';
import { type Ask, openPlace, type PlaceOfWeb } from '../place.ts';
import { somebody } from './somebody.ts';

const ops = { role: 'ops' } as const;
const evil = 'https://evil.example';

/** Everything that a forged request could have changed. */
const everything = async ({ store }: PlaceOfWeb): Promise<string> => {
  const tables = ['submissions', 'batches', 'deliveries', 'transactions', 'audit', 'tokens', 'alerts'];
  const rows = [];
  for (const table of tables) rows.push(await store.read(table));
  return inspect(rows, { depth: 5, maxArrayLength: null, maxStringLength: null });
};

interface Forged {
  what: string;
  headers: Record<string, string>;
  /** The form token that goes with it. */
  token: string;
}

/** What another site, or a page that has seen too little, can send: each lacks one thing that a page of ours has. */
const forgeries = (base: string, own: string, others: string): Forged[] => [
  { what: 'no form token', headers: { Origin: base }, token: '' },
  { what: 'a guessed form token', headers: { Origin: base }, token: 'x'.repeat(43) },
  { what: 'a form token of another session', headers: { Origin: base }, token: others },
  { what: 'no origin', headers: {}, token: own },
  { what: 'another origin', headers: { Origin: evil }, token: own },
  { what: 'an origin that begins like ours', headers: { Origin: `${base}.evil.example` }, token: own },
  { what: 'another port', headers: { Origin: base.replace(/\d+$/, '1') }, token: own },
  { what: 'no origin to speak of', headers: { Origin: 'null' }, token: own },
  { what: 'from another site', headers: { Origin: base, 'Sec-Fetch-Site': 'cross-site' }, token: own },
  { what: 'from a neighbour', headers: { Origin: base, 'Sec-Fetch-Site': 'same-site' }, token: own },
  { what: 'from nowhere', headers: { Origin: base, 'Sec-Fetch-Site': 'none' }, token: own },
];

const refused = async (place: PlaceOfWeb, key: string, what: string, path: string, ask: Ask): Promise<void> => {
  const { status, text } = await place.ask(path, ask);
  expect({ key, what, status }).toEqual({ key, what, status: 403 });
  expect(text).toContain('the request did not come from a page of ours');
};

describeStores('a request that another site made somebody’s browser send', (open) => {
  test('is refused by each form and each writing route, and changes nothing', async () => {
    // The routes are more than what one person may ask for at once: the clock goes on between them.
    const clock = fixedClock('2026-11-21T02:00:00Z');
    const place = await openPlace(await open(), {}, clock);
    const { mine } = await setStage(place);
    const stranger = await somebody(place, ops, 'stranger');
    const forms = Object.entries(cases).filter(([key]) => key.startsWith('post'));
    expect(forms.length).toBeGreaterThan(8);
    const before = await everything(place);
    for (const [key, one] of forms) {
      clock.advance(1000);
      const { cookie, formToken } = await somebody(place, ops, `victim of ${key}`);
      for (const { what, headers, token } of forgeries(place.base, formToken, stranger.formToken)) {
        const { path, ask } = asked(key, one, mine, token);
        await refused(place, key, what, path, { ...ask, headers: { Cookie: cookie, ...headers } });
      }
    }
    for (const { told } of endpoints(place.ctx).filter(({ told: { method } }) => method !== 'get')) {
      clock.advance(1000);
      const { cookie, formToken } = await somebody(place, ops, `victim of ${told.path}`);
      const path = `${root}${told.path.replaceAll(/\{\w+\}/g, '1')}`;
      for (const { what, headers, token } of forgeries(place.base, formToken, stranger.formToken).filter(
        ({ what }) => !['another port', 'from nowhere', 'a guessed form token'].includes(what),
      ))
        await refused(place, path, what, path, {
          method: told.method.toUpperCase(),
          headers: { Cookie: cookie, 'X-Form-Token': token, ...headers },
          body: '{}',
        });
    }
    expect(await everything(place)).toBe(before);
  });

  test('a form token counts in its own place only: in the body of a form, and of no other kind of text', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const { cookie, formToken } = await somebody(place, ops, 'victim');
    const release = `/deliveries/${mine.delivery}/release`;
    const text = `formToken=${formToken}`;
    const headers = { Cookie: cookie, Origin: place.base };
    for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x'])
      await refused(place, release, type, release, {
        ...{ method: 'POST', headers: { ...headers, 'Content-Type': type }, body: text },
      });
    const body = new URLSearchParams({ reason: 'x' });
    await refused(place, release, 'in the address', `${release}?${text}`, { method: 'POST', headers, body });
    const done = await place.ask(release, { method: 'POST', headers, body: new URLSearchParams({ formToken }) });
    expect(done.status).toBe(303);
  });

  test('what is open to everybody writes nothing for another site either', async () => {
    const place = await openPlace(await open());
    const writing = routesOf(place).filter(({ method, needs }) => method !== 'get' && needs === 'open');
    expect(writing.length).toBeGreaterThan(1);
    for (const { path } of writing)
      for (const headers of [{}, { Origin: evil }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
        const body = new URLSearchParams({ name: 'kim@brand.example' });
        await refused(place, path, inspect(headers), path.replace(':proof', '1'), { method: 'POST', headers, body });
      }
  });

  test('no route that reads takes a form: a picture or a link on another site changes nothing', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    for (const key of Object.keys(cases).filter((one) => one.startsWith('post'))) {
      const { cookie } = await somebody(place, ops, `victim of ${key}`);
      const { path } = asked(key, cases[key] ?? { who: [], path: () => '/' }, mine, '');
      const { status } = await place.ask(path, { headers: { Cookie: cookie } });
      expect([200, 404], key).toContain(status);
    }
    const audit = await place.store.read('audit');
    expect(audit).toEqual([]);
  });
});
