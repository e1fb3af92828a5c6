import { expect, test } from 'vitest';
import type { FeedHistory } from '../../../src/outbound/feed/feeds.ts';
import { compareWithHistory } from '../../../src/outbound/feed/history.ts';
import { makeFeed } from '../../feeds.ts';

const known: FeedHistory = {
  name: 'acme-nightly',
  partner: 'acme',
  include: 'new',
  selection: { eventTypes: [1] },
  startedFrom: 0,
  watermark: 10,
  number: 2,
  knownSince: 0,
  renamedTo: null,
};
const same = { selection: { eventTypes: [1] } };
const fields = (...feeds: Parameters<typeof makeFeed>[0][]) =>
  compareWithHistory(
    feeds.map((feed) => makeFeed(feed)),
    [known],
  ).map(({ field }) => field);

test.each([
  ['nothing changed', same, []],
  ['a narrower selection', { selection: { eventTypes: [1], campaigns: ['x'] } }, []],
  ['a wider one', { selection: {} }, ['feeds.acme-nightly.transactions']],
  ['a wider one with backfill', { selection: {}, backfill: true }, []],
  ['a wider one without backfill', { selection: {}, backfill: false }, []],
  ['another include', { ...same, include: 'changes' as const }, ['feeds.acme-nightly.include']],
  ['another partner', { ...same, partner: 'other' }, ['feeds.acme-nightly.partner']],
  ['another name', { ...same, name: 'new' }, ['feeds.acme-nightly']],
  ['another name with formerly', { ...same, name: 'new', formerly: 'acme-nightly' }, []],
  ['formerly, and wider', { name: 'new', formerly: 'acme-nightly' }, ['feeds.new.transactions']],
  ['retired', { retired: true }, []],
])('%s', (_, feed, problems) => expect(fields(feed)).toEqual(problems));
