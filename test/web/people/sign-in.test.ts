import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { findDeeds } from '../../../src/web/people/audit.ts';
import { linkLastsMs, makeLink } from '../../../src/web/people/links.ts';
import { putPerson, removePerson } from '../../../src/web/people/people.ts';
import { absoluteMs, idleMs } from '../../../src/web/people/sessions.ts';
import { createToken, revokeToken } from '../../../src/web/people/tokens.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';

const ops = { role: 'ops' } as const;
const start = '2026-11-21T02:00:00Z';

describeStores('signing in', (open) => {
  test('a link signs in once; looking at it does not use it up', async () => {
    const place = await openPlace(await open());
    const proof = await place.link('Kim@Brand.example', ops);
    for (const _ of [1, 2]) expect((await place.ask(`/sign-in/${proof}`)).status).toBe(200);
    const first = await place.redeem(proof);
    expect(first.status).toBe(303);
    expect(first.headers.get('set-cookie')).toMatch(/^nightdrop=[0-9a-f]{16}_[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    expect(first.headers.get('location')).toMatch(/^\/\w*$/);
    const second = await place.redeem(proof);
    expect(second.status).toBe(400);
    expect(second.headers.get('set-cookie')).toBeNull();
    expect(second.text).toContain('This link is not good');
    const [deed] = await findDeeds(place.store.read, {}, { count: 10, newestFirst: true });
    expect(deed).toMatchObject({ who: 'kim@brand.example', by: 'person', action: 'sign-in', outcome: 'done' });
    expect(deed?.from).toMatch(/127\.0\.0\.1/);
  });

  test('two at once with one link: one gets in', async () => {
    const place = await openPlace(await open());
    const proof = await place.link('ops', ops);
    const both = await Promise.all([place.redeem(proof), place.redeem(proof)]);
    expect(both.map(({ status }) => status).sort()).toEqual([303, 400]);
  });

  test('a link is good for fifteen minutes, and not for one who was removed', async () => {
    const clock = fixedClock(start);
    const place = await openPlace(await open(), {}, clock);
    const late = await place.link('ops', ops);
    clock.advance(linkLastsMs);
    expect((await place.redeem(late)).status).toBe(400);
    const gone = await place.link('gone', ops);
    await removePerson(place.store, 'gone', clock.now());
    expect((await place.redeem(gone)).status).toBe(400);
  });

  test('a session has a fresh proof at each sign-in, and the one before in that browser is over', async () => {
    const place = await openPlace(await open());
    const chosen = `nightdrop=${'0'.repeat(16)}_${'a'.repeat(43)}`;
    const fixed = await place.redeem(await place.link('ops', ops), { Cookie: chosen });
    const first = fixed.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(first).not.toBe(chosen);
    expect((await place.ask('/api/v1/me', { headers: { Cookie: chosen } })).status).toBe(401);
    expect((await place.ask('/api/v1/me', { headers: { Cookie: first } })).status).toBe(200);
    const again = await place.redeem(await place.link('ops', ops), { Cookie: first });
    const second = again.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(second).not.toBe(first);
    expect((await place.ask('/api/v1/me', { headers: { Cookie: first } })).status).toBe(401);
    expect((await place.ask('/api/v1/me', { headers: { Cookie: second } })).status).toBe(200);
  });

  test('a session ends when it is not used, and after a week in any case', async () => {
    const clock = fixedClock(start);
    const place = await openPlace(await open(), {}, clock);
    const { cookie } = await place.signIn('ops', ops);
    const status = async () => (await place.ask('/api/v1/me', { headers: { Cookie: cookie } })).status;
    clock.advance(idleMs - 1);
    expect(await status()).toBe(200);
    clock.advance(idleMs - 1);
    expect(await status()).toBe(200);
    clock.advance(idleMs);
    expect(await status()).toBe(401);
    const other = await place.signIn('ops', ops);
    for (let passed = 0; passed < absoluteMs; passed += idleMs / 2) {
      const { status: now } = await place.ask('/api/v1/me', { headers: { Cookie: other.cookie } });
      expect(now).toBe(200);
      clock.advance(idleMs / 2);
    }
    expect((await place.ask('/api/v1/me', { headers: { Cookie: other.cookie } })).status).toBe(401);
  });

  test('signing out ends the session; other sites cannot do it', async () => {
    const place = await openPlace(await open());
    const as = await place.signIn('ops', ops);
    const out = (headers: Record<string, string>) =>
      place.ask('/sign-out', { method: 'POST', headers: { Cookie: as.cookie, ...headers } });
    expect((await out({ Origin: place.base })).status).toBe(403);
    expect((await out({ Origin: 'http://evil.example', 'X-Form-Token': as.formToken })).status).toBe(403);
    expect((await out({ 'X-Form-Token': as.formToken })).status).toBe(403);
    expect((await out({ Origin: place.base, 'X-Form-Token': `${as.formToken}x` })).status).toBe(403);
    expect((await place.ask('/api/v1/me', { as })).status).toBe(200);
    const body = new URLSearchParams({ formToken: as.formToken });
    const done = await place.ask('/sign-out', {
      method: 'POST',
      headers: { Cookie: as.cookie, Origin: place.base },
      body,
    });
    expect(done.status).toBe(303);
    expect(done.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await place.ask('/api/v1/me', { as })).status).toBe(401);
  });

  test('a link cannot be redeemed from another site', async () => {
    const place = await openPlace(await open());
    const proof = await place.link('ops', ops);
    expect((await place.redeem(proof, { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await place.redeem(proof, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    expect((await place.redeem(proof)).status).toBe(303);
  });

  test('removing a person or changing what they may see counts at once', async () => {
    const place = await openPlace(await open());
    const as = await place.signIn('kim', ops);
    await putPerson(place.store, 'KIM', { role: 'advertiser', eventTypes: [4521] }, 1);
    expect((await place.ask('/api/v1/me', { as })).json()).toMatchObject({ role: 'advertiser', eventTypes: [4521] });
    await removePerson(place.store, 'kim', 1);
    expect((await place.ask('/api/v1/me', { as })).status).toBe(401);
  });

  test('behind https the cookie is Secure and __Host-; another name is not looked at', async () => {
    const place = await openPlace(await open(), { url: 'https://drop.example' });
    const answer = await place.redeem(await place.link('ops', ops), { Origin: 'https://drop.example' });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-nightdrop=.*; Secure$/);
    const value = cookie.split(';')[0]?.split('=')[1] ?? '';
    const me = (name: string) => place.ask('/api/v1/me', { headers: { Cookie: `${name}=${value}` } });
    expect((await me('__Host-nightdrop')).status).toBe(200);
    expect((await me('nightdrop')).status).toBe(401);
  });

  test('ten wrong links slow the peer down, for right ones too, and only for a while', async () => {
    const clock = fixedClock(start);
    const place = await openPlace(await open(), {}, clock);
    const wrong = `${'0'.repeat(16)}_${'a'.repeat(43)}`;
    for (let n = 0; n < 10; n++) expect((await place.redeem(wrong)).status).toBe(400);
    const proof = await place.link('ops', ops);
    const slowed = await place.redeem(proof);
    expect(slowed.status).toBe(429);
    expect(slowed.headers.get('retry-after')).toBe('2');
    clock.advance(2000);
    expect((await place.redeem(proof)).status).toBe(303);
  });

  test('whoever has many IPv6 addresses is one peer', async () => {
    const place = await openPlace(await open(), { proxies: ['127.0.0.1'] }, fixedClock(start));
    const wrong = `${'0'.repeat(16)}_${'a'.repeat(43)}`;
    const from = (address: string) => ({ 'X-Forwarded-For': `203.0.113.9, ${address}` });
    for (let n = 1; n <= 10; n++) expect((await place.redeem(wrong, from(`2001:db8:0:1::${n}`))).status).toBe(400);
    expect((await place.redeem(wrong, from('2001:db8:0:1:9::9'))).status).toBe(429);
    expect((await place.redeem(wrong, from('2001:db8:0:2::1'))).status).toBe(400);
  });

  test('asking for a link is answered the same for everybody, and often for nobody', async () => {
    const place = await openPlace(await open());
    await putPerson(place.store, 'kim@brand.example', ops, 1);
    const ask = (name: string) =>
      place.ask('/sign-in', { method: 'POST', headers: { Origin: place.base }, body: new URLSearchParams({ name }) });
    const known = await ask('kim@brand.example');
    const unknown = await ask('nobody@brand.example');
    expect(known.status).toBe(200);
    expect(unknown.text).toBe(known.text);
    for (let n = 0; n < 8; n++) expect((await ask('kim@brand.example')).status).toBe(200);
    expect((await ask('kim@brand.example')).status).toBe(429);
    expect(await place.store.read('sign_in_links')).toEqual([]);
  });
});

describeStores('tokens', (open) => {
  test('let a program in until they are revoked or over; wrong ones are 401 and slow down', async () => {
    const clock = fixedClock(start);
    const place = await openPlace(await open(), {}, clock);
    const make = (lasts: number) => createToken(place.store, { name: 'loader', scope: ops, lasts, now: clock.now() });
    const status = async (text: string) =>
      (await place.ask('/api/v1/me', { headers: { Authorization: `Bearer ${text}` } })).status;
    const { text, token } = await make(60_000);
    const short = await make(1000);
    expect(await status(text)).toBe(200);
    expect(await status(short.text)).toBe(200);
    clock.advance(1000);
    expect(await status(short.text)).toBe(401);
    expect(await status(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`)).toBe(401);
    expect(await status(text.replace('nightdrop_', ''))).toBe(401);
    expect(await revokeToken(place.store, token.id, clock.now())).toBe(true);
    expect(await revokeToken(place.store, token.id, clock.now())).toBe(false);
    expect(await status(text)).toBe(401);
    for (let n = 0; n < 6; n++) expect(await status('wrong')).toBe(401);
    expect(await status('wrong')).toBe(429);
    const good = await make(60_000);
    expect(await status(good.text)).toBe(200);
  });

  test('only their hash is kept, and a token cannot be read from the database', async () => {
    const place = await openPlace(await open());
    const made = await createToken(place.store, { name: 'x', scope: ops, lasts: 1000, now: 1 });
    const kept = async (table: string) => inspect(await place.store.read(table));
    const rows = await kept('tokens');
    expect(rows).toContain(made.token.id);
    expect(rows).not.toContain(made.text.slice(-43));
    const as = await place.signIn('ops', ops);
    expect(await kept('sessions')).not.toContain(as.cookie.slice(-43));
    const proof = await makeLink(place.store, 1, 1);
    expect(await kept('sign_in_links')).not.toContain(proof.slice(-43));
  });

  test('too many requests of one are answered with 429, others are not', async () => {
    const place = await openPlace(await open());
    const [one, other] = [await place.token(ops), await place.token(ops)];
    const statuses = [];
    for (let n = 0; n < 301; n++) statuses.push((await place.ask('/api/v1/me', { as: one })).status);
    expect(statuses.slice(0, 300).every((status) => status === 200)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
    expect((await place.ask('/api/v1/me', { as: other })).status).toBe(200);
  });
});
