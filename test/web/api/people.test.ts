import { expect, test } from 'vitest';
import { findDeeds } from '../../../src/web/people/audit.ts';
import type { Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';
import { type As, openPlace } from '../place.ts';

const ops = { role: 'ops' } as const;

const setUp = async (store: Store) => {
  const place = await openPlace(store, { base: 'https://drop.example' });
  const as = await place.token(ops);
  const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}, who: As = as) =>
    place.ask(`/api/v1${path}`, { method, as: who, headers, ...(body && { body: JSON.stringify(body) }) });
  const deeds = async () => (await findDeeds(store.read, {}, {})).map(({ action, object }) => `${action} ${object}`);
  const kept = async () => JSON.stringify(await store.read('idempotency_keys').select('answer'));
  return { place, ask, deeds, kept };
};

describeStores('people and tokens over HTTP', (open) => {
  test('a person is added, signs in once by a link that is shown once, gets another scope, and is removed', async () => {
    const { place, ask, deeds, kept } = await setUp(await open());
    const added = await ask('POST', '/people', { name: 'Kim@Brand.example', role: 'advertiser', eventTypes: [4521] });
    expect(added.json()).toMatchObject({ id: 1, name: 'kim@brand.example', eventTypes: [4521], signedInAt: null });
    const key = { 'Idempotency-Key': 'link' };
    const made = (await ask('POST', '/people/1/sign-in-link', undefined, key)).json<{ link: string }>();
    expect(made).toMatchObject({ goodUntil: '2026-11-21T02:15:00.000Z' });
    expect(made.link).toMatch(/^https:\/\/drop\.example\/sign-in\/\S{40,}$/);
    const again = await ask('POST', '/people/1/sign-in-link', undefined, key);
    expect(again.json()).toEqual({ ...made, link: null });
    const proof = made.link.split('/').at(-1) ?? '';
    expect(await kept()).not.toContain(proof);
    expect((await place.redeem(proof)).status).toBe(303);
    expect((await place.redeem(proof)).status).not.toBe(303);
    await ask('POST', '/people', { name: 'kim@brand.example', role: 'partner', partners: ['acme'] });
    const list = await ask('GET', '/people?role=partner');
    expect(list.json()).toMatchObject({ items: [{ id: 1, partners: ['acme'], feeds: [] }], next: null });
    expect((await ask('GET', '/people?role=ops')).json()).toEqual({ items: [], next: null });
    expect((await ask('DELETE', '/people/1')).json()).toEqual({ name: 'kim@brand.example', removed: true });
    expect((await ask('DELETE', '/people/1')).status).toBe(404);
    expect((await ask('POST', '/people/1/sign-in-link')).status).toBe(404);
    expect(await deeds()).toEqual([
      'people.write person 1 is advertiser',
      'people.write sign-in link for person 1',
      'people.write person 1',
      'sign-in session',
      'people.write person 1 is partner',
      'people.write person 1 removed',
      'people.write /api/v1/people/1',
      'people.write /api/v1/people/1/sign-in-link',
    ]);
  });

  test('a token is shown once, does what its role may, and ends at once', async () => {
    const { ask, deeds, kept } = await setUp(await open());
    const wanted = { name: 'loader', role: 'partner', partners: ['acme'], expiresInDays: 30 };
    const key = { 'Idempotency-Key': 'token' };
    const made = (await ask('POST', '/tokens', wanted, key)).json<{ id: string; token: string }>();
    expect(made).toMatchObject({ name: 'loader', role: 'partner', expiresAt: '2026-12-21T02:00:00.000Z' });
    expect((await ask('POST', '/tokens', wanted, key)).json()).toEqual({ ...made, token: null });
    expect(await kept()).not.toContain(made.token);
    const theirs = { token: made.token };
    expect((await ask('GET', '/feeds', undefined, {}, theirs)).status).toBe(200);
    const list = await ask('GET', '/tokens?role=partner&state=good');
    expect(list.json()).toMatchObject({ items: [{ id: made.id, partners: ['acme'] }], next: null });
    expect(list.text).not.toContain(made.token);
    expect((await ask('DELETE', `/tokens/${made.id}`)).json()).toEqual({ id: made.id, revoked: true });
    expect((await ask('DELETE', `/tokens/${made.id}`)).json()).toMatchObject({ status: 409, code: 'is-revoked' });
    expect((await ask('GET', '/feeds', undefined, {}, theirs)).status).toBe(401);
    expect((await ask('GET', '/tokens?state=ended')).json()).toMatchObject({ items: [{ id: made.id }] });
    expect((await deeds()).slice(0, 3)).toEqual([
      `tokens.write token ${made.id}`,
      'tokens.write /api/v1/tokens',
      `tokens.write token ${made.id} revoked`,
    ]);
  });

  test.each([
    ['/people', { name: 'a b', role: 'ops' }, 'name'],
    ['/people', { name: 'lee', role: 'root' }, 'role'],
    ['/people', { name: 'lee', role: 'advertiser' }, 'eventTypes'],
    ['/people', { name: 'lee', role: 'advertiser', eventTypes: [1] }, 'eventTypes'],
    ['/people', { name: 'lee', role: 'ops', feeds: [] }, 'feeds'],
    ['/tokens', { role: 'partner', feeds: ['acme-nightly', 'none'] }, 'feeds'],
    ['/tokens', { role: 'partner' }, 'partners or feeds'],
    ['/tokens', { role: 'ops', expiresInDays: 367 }, 'expiresInDays'],
    ['/tokens', { role: 'ops', expires: '30d' }, 'expires'],
  ])('%s %j is refused for its %s', async (path, body, object) => {
    const { ask } = await setUp(await open());
    const answer = await ask('POST', path, body);
    expect(answer.json()).toMatchObject({ status: 400, code: 'usage', object });
  });
});
