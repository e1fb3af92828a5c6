import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { JobContext } from '../../jobs/job.ts';
import { makeWatchKeys } from '../../jobs/watch-keys.ts';
import { fixedClock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import type { Encrypt } from '../../src/outbound/feed/feed.ts';
import { endingKeys } from '../../src/outbound/feed/key-watch.ts';
import { Secret } from '../../src/secret.ts';
import { makeFeed } from '../feeds.ts';

const read = (name: string) => readFileSync(new URL(`../../fixtures/pgp/${name}.asc`, import.meta.url), 'latin1');
const sign = { key: new Secret(read('ours-private')), passphrase: new Secret('planted-pgp-passphrase') };
const to = (...names: string[]): Encrypt => ({
  recipients: names.map((name) => ({ file: `${name}.asc`, key: read(name) })),
  sign,
});
const feeds = [
  makeFeed({ name: 'plain' }),
  makeFeed({ name: 'bank' }, { encrypt: to('bank', 'ends-soon') }),
  makeFeed({ name: 'gone', retired: true }, { encrypt: to('ends-soon') }),
];
const at = (day: string) => Date.parse(`${day}T00:00:00Z`);

test('a key is spoken of from 30 days before its end until its end', async () => {
  expect(await endingKeys(feeds, at('2026-11-09'))).toEqual([]);
  expect(await endingKeys(feeds, at('2026-11-21'))).toMatchObject([
    { feed: 'bank', key: 'ends-soon.asc', fingerprint: expect.stringMatching(/^[0-9A-F]{40}$/) },
  ]);
  expect(await endingKeys(feeds, at('2026-12-11'))).toEqual([]); // now the feed is held
});

test('the log says it once a day, and nothing of a private key', async () => {
  const lines: unknown[] = [];
  const clock = fixedClock(at('2026-11-21'));
  const log = { ...silentLog, warn: (...line: unknown[]) => void lines.push(line) };
  const context = { feeds, clock, log } as unknown as JobContext;
  const job = makeWatchKeys();
  await job.run(context);
  await job.run(context);
  expect(lines).toHaveLength(1);
  clock.advance(86_400_000);
  await job.run(context);
  expect(lines).toHaveLength(2);
  expect(JSON.stringify(lines)).toMatch(/ends on 2026-12-10, and then the feed is held/);
  expect(JSON.stringify(lines)).not.toMatch(/PRIVATE|planted/);
});
