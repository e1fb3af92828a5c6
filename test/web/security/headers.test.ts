import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { asked, assetsOf, cases, nobody, routesOf } from '../console/page-cases.ts';
import { type Answer, openPlace } from '../place.ts';
import { rawRequest, somebody } from './somebody.ts';

const ops = { role: 'ops' } as const;

const policy = {
  ...{ 'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'" },
  ...{ 'form-action': "'self'", 'base-uri': "'none'", 'frame-ancestors': "'none'", 'img-src': "'self' data:" },
};

/** What each answer says to browsers, whoever asked and whatever came of it. */
const expectGuarded = (name: string, { headers }: Pick<Answer, 'headers'>, kept = false): void => {
  const said = (headers.get('content-security-policy') ?? '').split(';').map((one) => one.trim());
  const directives = said.map((one): [string, string] => {
    const [key = '', ...values] = one.split(' ');
    return [key, values.join(' ')];
  });
  expect(Object.fromEntries(directives), name).toEqual(policy);
  expect(headers.get('x-content-type-options'), name).toBe('nosniff');
  expect(headers.get('referrer-policy'), name).toBe('same-origin');
  expect(headers.get('cross-origin-resource-policy'), name).toBe('same-origin');
  expect(headers.get('cache-control'), name).toBe(kept ? 'public, max-age=31536000, immutable' : 'no-store');
  expect(headers.get('access-control-allow-origin'), name).toBeNull();
  expect(headers.get('x-powered-by') ?? headers.get('server'), name).toBeNull();
};

describeStores('what every answer says to browsers', (open) => {
  test('pages, forms, the API, downloads, errors: the policy, and that nobody keeps it', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    for (const [key, one] of Object.entries(cases))
      for (const owned of [mine, nobody]) {
        const { cookie, formToken } = await somebody(place, ops, key);
        const { path, ask } = asked(key, one, owned, formToken);
        expectGuarded(key, await place.ask(path, { ...ask, headers: { Cookie: cookie, Origin: place.base } }));
      }
    const token = await place.token(ops);
    const assets = assetsOf(place).map(({ path }) => path);
    for (const { method, path } of routesOf(place).filter((one) => one.method === 'get')) {
      const filled = path.replaceAll(/:\w+/g, '1');
      expectGuarded(`${method} ${path}`, await place.ask(filled, { as: token }), assets.includes(path));
      expectGuarded(`${method} ${path}, unknown`, await place.ask(filled), assets.includes(path));
    }
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'QUERY'])
      for (const path of ['/overview', '/api/v1/me', '/nowhere', '/api/v1/nowhere', '/sign-in'])
        expectGuarded(`${method} ${path}`, await fetch(place.base + path, { method, redirect: 'manual' }));
    expectGuarded('wrong token', await place.ask('/api/v1/me', { headers: { Authorization: 'Bearer x' } }));
  });

  test('an error of ours says no more, and is guarded as well', async () => {
    const store = await open();
    const place = await openPlace(store);
    await store.close();
    for (const path of ['/metrics', '/overview', '/api/v1/me']) {
      const answer = await place.ask(path, { headers: { Cookie: `nightdrop=${'0'.repeat(16)}_${'a'.repeat(43)}` } });
      expect([303, 401, 500, 503], path).toContain(answer.status);
      expect(answer.text).not.toMatch(/sqlite|postgres|select|node_modules|\.ts:/i);
      expectGuarded(path, answer);
    }
  });

  test('a name from outside cannot write a header, turn a name around, or end its quotes', async () => {
    const place = await openPlace(await open());
    const as = await place.token(ops);
    const names = [
      'a\r\nSet-Cookie: nightdrop=taken.csv',
      'a"; filename="other.exe.csv',
      "b'; filename*=UTF-8''other.exe.csv",
      'gpj.\u202egpj.exe.csv',
      'März 日本 🚚.csv',
      `${'x'.repeat(300)}.csv`,
      '..\\..\\windows\\a.csv',
      '<script>alert(1)</script>.csv',
    ];
    for (const [i, name] of names.entries()) {
      const query = new URLSearchParams({ eventType: '4521', fileName: name }).toString();
      const made = await place.ask(`/api/v1/submissions?${query}`, { method: 'POST', as, body: `OrderId\n${i}\n` });
      const path = `/api/v1/submissions/${String(made.json()['id'])}/original`;
      const { headers, status } = await place.ask(path, { as });
      const said = headers.get('content-disposition') ?? '';
      expect(status, name).toBe(200);
      expect(said).toMatch(/^attachment; filename="[\x20-\x21\x23-\x7e]+"; filename\*=UTF-8''[\w.!#$&+^`|~%-]+$/);
      expect(decodeURIComponent(said.split("''")[1] ?? '')).not.toMatch(/[\u0000-\u001f\u202a-\u202e/\\]/);
      expect(headers.get('set-cookie')).toBeNull();
      expect(headers.get('content-type')).toBe('application/octet-stream');
    }
  });

  test('where an answer leads is ours, whatever the request says', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const { cookie, formToken } = await somebody(place, ops, 'ops');
    const evil = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' };
    const toSignIn = await rawRequest(place, '/overview', evil);
    expect([toSignIn.status, toSignIn.headers['location']]).toEqual([303, '/sign-in']);
    for (const path of ['/overview', '/submissions?cursor=x&sender=a', '//evil.example/overview', '/\\evil.example/']) {
      const answer = await rawRequest(place, path, { ...evil, Cookie: cookie });
      expect(answer.headers['location']?.toString() ?? '/').toMatch(/^\/(?![/\\])/);
      expect(answer.text.replaceAll('//evil.example/overview', '')).not.toContain('evil.example');
    }
    const looked = await place.ask(`/submissions/${mine.submission}/columns`, {
      ...{ method: 'POST', headers: { Cookie: cookie, Origin: place.base } },
      body: new URLSearchParams({
        formToken,
        do: 'look',
        column0: 'a\r\nSet-Cookie: x=1\r\n\r\n<script>',
        kind: '//evil',
      }),
    });
    expect(looked.headers.get('set-cookie')).toBeNull();
    expect(looked.headers.get('location')).toMatch(/^\/submissions\/\d+\/columns\?[\w%.&=+*-]+$/);
  });

  test('the page behind a link leads nowhere but to signing in', async () => {
    const place = await openPlace(await open());
    const good = await place.link('ops', ops);
    expect((await place.ask(`/sign-in/${good}`)).text).toContain(`action="/sign-in/${good}"`);
    for (const proof of [
      '..%2fdeliveries%2f1%2frelease',
      '%22%3E%3Cscript%3E',
      'x',
      `${good}%2f..`,
      '%5c..%5csign-out',
    ]) {
      const { status, text } = await place.ask(`/sign-in/${proof}`);
      expect({ proof, status }).toEqual({ proof, status: 400 });
      expect(text).not.toMatch(/<form|<script/);
    }
  });
});
