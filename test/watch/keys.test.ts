import { expect, test } from 'vitest';
import type { EndingKey } from '../../src/outbound/feed/key-watch.ts';
import { keyCauses } from '../../src/watch/keys.ts';

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
