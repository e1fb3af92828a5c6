import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scopeOf, scopeText } from '../../src/cli/scope.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { makePlace, type Place } from './program.ts';
import { until } from '../until.ts';

let here: Place;
beforeEach(() => (here = makePlace()));
afterEach(() => here.remove());

const json = async <T>(...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await here.run(...args, '--json');
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
};

describe('people and tokens at the command line', () => {
  test(
    'the first link signs ops in, the API answers a token, and all of it is on the audit list',
    { timeout: 180_000 },
    async () => {
      const running = here.start('serve', '--json');
      const started = await until(
        () => (running.said.stdout.trimEnd().endsWith('}') ? running.said.stdout : ''),
        'started',
      );
      const { web, signIn } = JSON.parse(started) as { web: string; signIn: string };
      expect(signIn).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sign-in\/[0-9a-f]{16}_[\w-]{43}$/);
      const headers = { Origin: new URL(web).origin };
      const redeemed = await fetch(signIn, { method: 'POST', headers, redirect: 'manual' });
      expect(redeemed.status).toBe(303);
      const { id, token } = await json<{ id: string; token: string }>(
        'token',
        'create',
        '--role',
        'partner',
        '--partner',
        'acme',
      );
      const ask = async (path: string) => fetch(new URL(path, web), { headers: { Authorization: `Bearer ${token}` } });
      expect(await (await ask('/api/v1/feeds')).json()).toMatchObject({
        items: [{ feed: 'acme', partner: 'acme' }],
        next: null,
      });
      expect((await ask('/api/v1/alerts')).status).toBe(403);
      await json('token', 'revoke', id);
      expect((await ask('/api/v1/feeds')).status).toBe(401);
      const deeds = await json<{ action: string; object: string; by: string }[]>('audit');
      expect(deeds.map(({ action, object, by }) => `${by} ${action} ${object}`)).toEqual([
        `cli tokens.write token ${id} revoked`,
        `cli tokens.write token ${id}`,
        'person sign-in session',
      ]);
      expect(running.said.stderr).not.toContain(token.slice(-43));
      expect(running.said.stderr).not.toContain(signIn.slice(-43));
    },
  );

  test('people are added, listed, given a link and removed', { timeout: 180_000 }, async () => {
    await json('person', 'add', 'Kim@Brand.example', '--role', 'advertiser', '--event-types', '4521');
    expect(await json('person', 'list')).toMatchObject([
      { name: 'kim@brand.example', role: 'advertiser', eventTypes: [4521], signedInAt: null },
    ]);
    const { link } = await json<{ link: string }>('sign-in', 'kim@brand.example', '--url', 'https://drop.example');
    expect(link).toMatch(/^https:\/\/drop\.example\/sign-in\//);
    await json('person', 'remove', 'kim@brand.example');
    expect(await here.run('sign-in', 'kim@brand.example')).toMatchObject({ code: 2 });
  });

  test.each([
    { args: ['token', 'create'], says: '--role' },
    { args: ['token', 'create', '--role', 'partner', '--partner', 'acmee'], says: 'did you mean "acme"?' },
    { args: ['token', 'create', '--role', 'ops', '--expires', '400d'], says: 'at most a year' },
    { args: ['token', 'revoke', '12'], says: 'no such token' },
    { args: ['person', 'add', 'a b', '--role', 'ops'], says: 'neither a mail address nor a name' },
  ])('$args', async ({ args, says }) => {
    const { code, stderr } = await here.run(...args);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });
});

const settings = {
  eventTypes: new Map([[4521, {}]]),
  partners: [{ name: 'acme' }],
  feeds: [{ name: 'acme-nightly' }],
} as unknown as Settings;

const scopeFrom = (options: Record<string, string>) => scopeOf({ args: [], options }, settings);

describe('what somebody may see', () => {
  test.each([
    [{ role: 'root' }, '"root" is not possible here'],
    [{ role: 'advertiser' }, 'needs at least one'],
    [{ role: 'advertiser', eventTypes: '4522' }, 'there is no such event type'],
    [{ role: 'partner' }, 'neither --partner nor --feeds is given'],
    [{ role: 'partner', feeds: 'acme-nightly,bolt' }, 'there is no such feed'],
    [{ role: 'partner', partner: 'acme', eventTypes: '4521' }, 'it says nothing for the role partner'],
    [{ role: 'ops', feeds: 'acme-nightly' }, 'it says nothing for the role ops'],
  ])('%j is refused: %s', (options, says) => {
    expect(() => scopeFrom(options as Record<string, string>)).toThrow(says);
  });

  test('is read from the options and said in words', () => {
    expect(scopeFrom({ role: 'ops' })).toEqual({ role: 'ops' });
    const partner = scopeFrom({ role: 'partner', partner: 'acme', feeds: ' acme-nightly ' });
    expect(partner).toEqual({ role: 'partner', partners: ['acme'], feeds: ['acme-nightly'] });
    expect(scopeText(partner)).toBe('all feeds of acme; feeds acme-nightly');
    expect(scopeText(scopeFrom({ role: 'advertiser', eventTypes: '4521' }))).toBe('event types 4521');
  });
});
