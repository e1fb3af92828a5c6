import { describe, expect, test } from 'vitest';
import { cookieIn, sessionCookie } from '../../../src/web/people/asker.ts';
import { networkOf } from '../../../src/web/people/network.ts';
import { isOurOwn } from '../../../src/web/people/origin.ts';
import { derived, fits, hashOf, mintProof, proofText, readProof } from '../../../src/web/people/proof.ts';
import { makeRateLimit } from '../../../src/web/people/rate.ts';
import { freeTries, makeSlowDown, waitAfter } from '../../../src/web/people/slow-down.ts';

describe('a proof', () => {
  test('has 256 random bits, is read back, and only what it was fits its hash', () => {
    const proof = mintProof();
    expect(Buffer.from(proof.secret, 'base64url')).toHaveLength(32);
    expect(readProof(proofText(proof, 'nightdrop_'), 'nightdrop_')).toEqual(proof);
    expect(fits(proof.secret, hashOf(proof.secret))).toBe(true);
    expect(fits(`${proof.secret.slice(0, -1)}_`, hashOf(proof.secret))).toBe(proof.secret.endsWith('_'));
    expect(fits('', undefined)).toBe(false);
    expect(derived('form', proof.secret)).not.toBe(derived('other', proof.secret));
  });

  test.each([
    '',
    'nightdrop_',
    '0123456789abcdef',
    `0123456789abcdef_${'a'.repeat(42)}`,
    `0123456789ABCDEF_${'a'.repeat(43)}`,
  ])('%j is none', (text) => expect(readProof(text)).toBeUndefined());
});

describe('a request with a cookie is ours', () => {
  const host = 'drop.example';
  test.each([
    { site: 'same-origin', origin: 'https://drop.example', ours: true },
    { site: 'same-origin', origin: undefined, ours: true },
    { site: 'same-site', origin: 'https://drop.example', ours: false },
    { site: 'cross-site', origin: 'https://evil.example', ours: false },
    { site: 'none', origin: undefined, ours: false },
    { site: undefined, origin: 'https://drop.example', ours: true },
    { site: undefined, origin: 'https://evil.example', ours: false },
    { site: undefined, origin: 'null', ours: false },
    { site: undefined, origin: undefined, ours: false },
  ])('site $site, origin $origin: $ours', ({ ours, ...sent }) => {
    expect(isOurOwn({ ...sent, host }, undefined)).toBe(ours);
    expect(isOurOwn({ ...sent, host: 'inside:8080' }, 'https://drop.example')).toBe(ours);
  });

  test('with an address configured the Host header says nothing', () => {
    const sent = { site: undefined, origin: 'http://evil.example', host: 'evil.example' };
    expect(isOurOwn(sent, 'https://drop.example')).toBe(false);
  });
});

describe('cookies', () => {
  test('are HttpOnly and Lax, and Secure behind https', () => {
    expect(sessionCookie('x', false, 60)).toBe('nightdrop=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax');
    expect(sessionCookie('x', true, 60)).toBe('__Host-nightdrop=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure');
    expect(cookieIn('a=b; nightdrop=x=y; c=d', 'nightdrop')).toBe('x=y');
    expect(cookieIn('xnightdrop=1', 'nightdrop')).toBeUndefined();
  });
});

describe('slowing down', () => {
  test('ten wrong tries are free, then each makes the wait longer, up to a quarter of an hour', () => {
    expect([0, 9, 10, 11, 12, 40].map(waitAfter)).toEqual([0, 0, 2000, 4000, 8000, 900_000]);
    const tries = makeSlowDown();
    for (let n = 0; n < freeTries; n++) {
      expect(tries.waits('a', 1000)).toBe(0);
      tries.wrong('a', 1000);
    }
    expect(tries.waits('a', 1000)).toBe(2000);
    expect(tries.waits('a', 2999)).toBe(1);
    expect(tries.waits('a', 3000)).toBe(0);
    expect(tries.waits('b', 1000)).toBe(0);
    tries.right('a');
    expect(tries.waits('a', 1000)).toBe(0);
  });

  test('a quiet quarter of an hour forgets, and memory is bounded', () => {
    const tries = makeSlowDown(3);
    for (let n = 0; n < 12; n++) tries.wrong('a', 0);
    expect(tries.waits('a', 15 * 60_000)).toBe(0);
    for (const key of ['b', 'c', 'd']) tries.wrong(key, 0);
    expect(tries.waits('a', 0)).toBe(0);
  });
});

describe('rates', () => {
  test('a burst, then as fast as it fills up; one does not use up the other’s', () => {
    const rate = makeRateLimit({ burst: 3, perSecond: 2 });
    expect([0, 0, 0, 0].map((at) => rate.take('a', at))).toEqual([0, 0, 0, 500]);
    expect(rate.take('b', 0)).toBe(0);
    expect(rate.take('a', 500)).toBe(0);
    expect(rate.take('a', 501)).toBeGreaterThan(0);
    expect(rate.take('a', 60_000)).toBe(0);
  });
});

test('of IPv6 the whole /64 is counted as one, however it is written', () => {
  const same = ['2001:db8:0:1::1', '2001:0DB8:0:1:ffff:0:0:2', '2001:db8:0:1:a:b:c:d%eth0', '2001:db8:0:1::1.2.3.4'];
  expect(new Set(same.map(networkOf))).toEqual(new Set(['2001:db8:0:1::/64']));
  expect([networkOf('2001:db8::1'), networkOf('::1')]).toEqual(['2001:db8:0:0::/64', '0:0:0:0::/64']);
  expect(networkOf('2001:db8:0:2::1')).not.toBe(networkOf('2001:db8:0:1::1'));
  expect(['192.0.2.1', '::ffff:192.0.2.1', 'unknown'].map(networkOf)).toEqual(['192.0.2.1', '192.0.2.1', 'unknown']);
});
