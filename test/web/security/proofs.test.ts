import type * as Crypto from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { fits, hashOf, mintProof, proofText, sameText } from '../../../src/web/people/proof.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';
import { somebody } from './somebody.ts';

/** How long the texts were that were compared in constant time. */
const compared: number[][] = [];

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof Crypto>();
  const timingSafeEqual = (a: Buffer, b: Buffer): boolean => {
    compared.push([a.length, b.length]);
    return crypto.timingSafeEqual(a, b);
  };
  return { ...crypto, timingSafeEqual };
});

beforeEach(() => {
  compared.length = 0;
});

const ops = { role: 'ops' } as const;

test('secrets are compared by their digests, in a time that says nothing of them, known or not', () => {
  const { secret } = mintProof();
  for (const [shown, kept] of [
    [secret, hashOf(secret)],
    [`${secret.slice(0, -1)}!`, hashOf(secret)],
    ['', hashOf(secret)],
    [secret, undefined],
  ] as const)
    expect(fits(shown, kept)).toBe(kept === hashOf(shown));
  expect(fits('', undefined)).toBe(false);
  expect(sameText('a', 'a')).toBe(true);
  expect(sameText('', 'a'.repeat(1000))).toBe(false);
  expect(compared).toEqual(Array.from({ length: 7 }, () => [32, 32]));
});

describeStores('what somebody shows to be let in', (open) => {
  test('is looked up by its id, then compared once: the same way and the same answer for each wrong one', async () => {
    const place = await openPlace(await open());
    const token = ((await place.token(ops)) as { token: string }).token;
    const { cookie } = await somebody(place, ops, 'ops');
    const link = await place.link('kim', ops);
    const ways = {
      token: (text: string) => place.ask('/api/v1/me', { headers: { Authorization: `Bearer ${text}` } }),
      cookie: (text: string) => place.ask('/overview', { headers: { Cookie: text } }),
      link: (text: string) => place.ask(`/sign-in/${text}`, { method: 'POST', headers: { Origin: place.base } }),
    };
    const unknown = proofText(mintProof());
    for (const [way, good] of [
      ['token', token],
      ['cookie', cookie],
      ['link', link],
    ] as const) {
      const [, prefix = '', id = ''] = /^(.*?)([0-9a-f]{16})_/.exec(good) ?? [];
      const wrongSecret = `${prefix}${id}_${unknown.slice(17)}`;
      const nearly = `${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`;
      const answers = [];
      for (const wrong of [`${prefix}${unknown}`, wrongSecret, nearly]) {
        compared.length = 0;
        const { status, text, headers } = await ways[way](wrong);
        answers.push(JSON.stringify([status, text, headers.get('location'), headers.get('www-authenticate')]));
        expect({ way, compared }).toEqual({ way, compared: [[32, 32]] });
      }
      expect(new Set(answers).size, way).toBe(1);
      expect([200, 303]).toContain((await ways[way](good)).status);
    }
  });

  test('is good for what it was made for only: no link is a token, no token a session', async () => {
    const place = await openPlace(await open());
    const token = ((await place.token(ops)) as { token: string }).token.replace('nightdrop_', '');
    const session = (await somebody(place, ops, 'ops')).cookie.replace('nightdrop=', '');
    const link = await place.link('kim', ops);
    for (const other of [session, link])
      expect((await place.ask('/api/v1/me', { headers: { Authorization: `Bearer nightdrop_${other}` } })).status).toBe(
        401,
      );
    for (const other of [token, link, `nightdrop_${token}`])
      expect((await place.ask('/overview', { headers: { Cookie: `nightdrop=${other}` } })).status).toBe(303);
    for (const other of [token, session]) expect((await place.redeem(other)).status).toBe(400);
    expect((await place.redeem(link)).status).toBe(303);
  });

  test('a session that somebody else began is not taken over by signing in, and ends only by its own cookie', async () => {
    const place = await openPlace(await open());
    const attacker = await somebody(place, { role: 'partner', partners: [], feeds: [] }, 'attacker');
    const id = attacker.cookie.slice(0, 'nightdrop='.length + 16);
    const signedIn = await place.redeem(await place.link('ops', ops), { Cookie: `${id}_${'a'.repeat(43)}` });
    const fresh = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const me = async (cookie: string) => (await place.ask('/api/v1/me', { headers: { Cookie: cookie } })).json();
    expect(await me(fresh)).toMatchObject({ who: 'ops', role: 'ops' });
    expect(await me(attacker.cookie)).toMatchObject({ who: 'attacker', role: 'partner' });
    // The victim's browser holds the attacker's cookie: after signing in it is over, and the new one is another.
    const planted = await place.redeem(await place.link('ops', ops), { Cookie: attacker.cookie });
    expect(planted.headers.get('set-cookie')).not.toContain(attacker.cookie.slice(10, 26));
    expect((await place.ask('/api/v1/me', { headers: { Cookie: attacker.cookie } })).status).toBe(401);
    const two = await place.ask('/api/v1/me', { headers: { Cookie: `${attacker.cookie}; ${fresh}` } });
    expect(two.status).toBe(401); // the first one counts, as it always did: a second cookie takes nothing over
  });
});
