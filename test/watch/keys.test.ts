import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EndingKey } from '../../src/outbound/feed/key-watch.ts';
import { keyCauses } from '../../src/watch/keys.ts';
import { makeFeed } from '../feeds.ts';
import { describeStores } from '../stores.ts';
import { channelTo, makeStage, newReceiver, toldTo } from './stage.ts';

const ends = (feed: string, fingerprint: string): EndingKey => ({
  feed,
  key: 'partner.asc',
  fingerprint,
  expires: Date.parse('2026-12-01T00:00:00Z'),
});

test('a key that ends soon is one cause, whatever feeds use it', () => {
  const causes = keyCauses([ends('b', 'AAAA'), ends('a', 'AAAA'), ends('a', 'BBBB')]);
  expect(causes).toMatchObject([
    { key: 'key:AAAA', kind: 'feed', subject: 'a, b: a PGP key ends soon' },
    { key: 'key:BBBB', subject: 'a: a PGP key ends soon' },
  ]);
  expect(causes[0]?.text).toContain('the key AAAA (partner.asc) of the feed b ends on 2026-12-01');
  expect(keyCauses([])).toEqual([]);
});

describeStores('the alert of a key', (open) => {
  test('is told once, and ends with a new key', async () => {
    const key = readFileSync(new URL('../../fixtures/pgp/ends-soon.asc', import.meta.url), 'latin1');
    const encrypt = { recipients: [{ file: 'ends-soon.asc', key }] };
    const receiver = await newReceiver();
    const { context, wake } = await makeStage(await open(), [channelTo(receiver)], {
      feeds: [makeFeed({ name: 'bank' }, { encrypt })],
    });
    await wake();
    await wake();
    expect(toldTo(receiver)).toEqual(['opened bank: a PGP key ends soon']);
    Object.assign(context, { feeds: [makeFeed({ name: 'bank' })] });
    await wake();
    expect(toldTo(receiver)).toEqual(['opened bank: a PGP key ends soon', 'ended bank: a PGP key ends soon']);
  });
});
