import { expect, test } from 'vitest';
import { endpoints } from '../../src/web/api/api.ts';
import { root } from '../../src/web/api/endpoint.ts';
import { consoleRoutes } from '../../src/web/console/console.ts';
import { describeStores } from '../stores.ts';
import { setStage } from './api/stage.ts';
import { type As, openPlace } from './place.ts';

/** What some page reads, whether this one does or not. */
const names = ['order', 'sender', 'recipient', 'feed', 'eventType', 'state', 'status', 'cursor', 'from', 'outcome'];

const script = '"><script>alert(1)</script>';
const values = [
  ...['a\0b', '\ufffd\u202e', script, '%', '../../etc/passwd', '\r\nX: y', '-1', '99999999999999999999'],
  ...['9999-12-31', '0001-01-01', 'bjk5OTk5', 'x'.repeat(4000)],
];

let last: As;

const queryOf = (keys: readonly string[], value: string): string =>
  new URLSearchParams(keys.map((key): [string, string] => [key, value])).toString();

describeStores('whatever is asked for', (open) => {
  test('no address makes the service fail, and nothing of it becomes markup', async () => {
    const place = await openPlace(await open());
    await setStage(place);
    const pages = consoleRoutes(place.ctx).filter(({ method, needs }) => method === 'get' && needs !== 'open');
    const paths = pages.flatMap(({ path }) =>
      values.map((value) => `${path.replaceAll(/:\w+/g, '1')}?${queryOf(names, value)}`),
    );
    const lists = endpoints(place.ctx).filter(({ told }) => told.method === 'get');
    for (const { told } of lists)
      for (const key of Object.keys(told.query ?? {}))
        for (const value of ['a\0b', script, '9999-12-31', 'bjk5OTk5'])
          paths.push(`${root}${told.path.replaceAll(/\{\w+\}/g, '1')}?${queryOf([key], value)}`);
    const bad: string[] = [];
    for (const [i, path] of paths.entries()) {
      const as = i % 200 === 0 ? await place.token({ role: 'ops' }) : last; // one may ask only so often
      last = as;
      const { status, text } = await place.ask(path, { as });
      if (status >= 500 || status === 429) bad.push(`${status} ${path}`);
      if (text.includes('<script>alert') && !path.startsWith(root)) bad.push(`script in ${path}`);
    }
    expect(bad).toEqual([]);
    expect(place.errors).toEqual([]);
  });

  test('a reason is as long in a form as in the API, whatever the page says', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token({ role: 'ops' });
    const settle = (reason: string) =>
      place.ask(`/deliveries/${mine.delivery}/settle`, { method: 'POST', as, body: new URLSearchParams({ reason }) });
    expect((await settle('x'.repeat(501))).status).toBe(400);
    expect((await settle('x'.repeat(500))).status).toBe(303);
  });

  test('NUL in a form or in JSON is refused, not stored', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token({ role: 'ops' });
    const json = {
      method: 'POST',
      as,
      body: '{"reason":"a\\u0000b"}',
      headers: { 'Content-Type': 'application/json' },
    };
    expect((await place.ask(`${root}/deliveries/${mine.delivery}/settle`, json)).status).toBe(400);
    const form = { method: 'POST', as, body: new URLSearchParams({ reason: 'a\0b' }) };
    expect((await place.ask(`/deliveries/${mine.delivery}/settle`, form)).status).toBe(400);
    expect(place.errors).toEqual([]);
  });
});
