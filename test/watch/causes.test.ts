import { describe, expect, test } from 'vitest';
import { words } from '../../src/watch/cause.ts';
import { heldCauses } from '../../src/watch/held.ts';
import { feedCauses, type FeedFacts, lateDeliveries, lateFeeds, type OpenDelivery } from '../../src/watch/late.ts';
import { pickupCauses } from '../../src/watch/pickup.ts';
import { makeFeed } from '../feeds.ts';
import { deliveryOf } from './delivery-of.ts';

const minute = 60_000;
const hour = 60 * minute;
/** Half past two at night in Sydney, half an hour after the feed was due. */
const due = Date.parse('2026-11-21T15:00:00Z');
const now = due + 31 * minute;

describe('held', () => {
  const hostKey = { state: 'held', errorCode: 'host-key', error: 'connect: another key', hint: 'compare' } as const;

  test('thirty nights that are held for one reason are one cause', () => {
    const held = Array.from({ length: 30 }, (_, i) => deliveryOf({ id: i + 1, ordering: 'free', ...hostKey }));
    const causes = heldCauses(held, []);
    expect(causes).toHaveLength(1);
    expect(causes[0]).toMatchObject({
      key: 'held:acme-sftp:host-key',
      kind: 'held',
      subject: 'acme-sftp: held (host-key)',
    });
    expect(causes[0]?.text).toContain('acme_1.csv of the feed acme-nightly is held: connect: another key.');
    expect(causes[0]?.text).toContain('30 deliveries are held for this.');
    expect(causes[0]?.hint).toContain('compare; then: nightdrop deliveries release 1');
  });

  test('what waits behind is counted, not told', () => {
    const behind = Array.from({ length: 29 }, (_, i) => deliveryOf({ id: i + 2 }));
    const elsewhere = [deliveryOf({ id: 40, feed: 'other' }), deliveryOf({ id: 41, dropName: 'other' })];
    const causes = heldCauses([deliveryOf(hostKey)], [...behind, ...elsewhere]);
    expect(causes).toHaveLength(1);
    expect(causes[0]?.text).toContain('29 later files wait behind.');
  });

  test('other drops and other reasons are other causes; feeds only when the file itself is wrong', () => {
    const taken = { ...hostKey, errorCode: 'taken' };
    const keys = (...held: Parameters<typeof deliveryOf>[0][]) =>
      heldCauses(
        held.map((one, i) => deliveryOf({ ...one, id: i + 1 })),
        [],
      ).map(({ key }) => key);
    expect(keys(hostKey, { ...hostKey, feed: 'b' })).toEqual(['held:acme-sftp:host-key']);
    expect(keys(taken, { ...taken, feed: 'b' })).toEqual([
      'held:acme-sftp:taken:acme-nightly',
      'held:acme-sftp:taken:b',
    ]);
    expect(keys(hostKey, { ...hostKey, dropName: 'x' }, taken)).toHaveLength(3);
    expect(keys({ state: 'held', errorCode: null })).toEqual(['held:acme-sftp:unknown']);
  });

  test('unusual batches of a feed are one cause, whatever the drops they go to', () => {
    const unusual = { state: 'held', errorCode: 'unusual', error: 'it has 9 rows', hint: 'look' } as const;
    const held = [
      deliveryOf({ id: 1, ...unusual }),
      deliveryOf({ id: 2, batchId: 1, dropName: 'acme-copy', ...unusual }),
      deliveryOf({ id: 3, feed: 'other', ...unusual }),
    ];
    const causes = heldCauses(held, [deliveryOf({ id: 4 }), deliveryOf({ id: 5, dropName: 'acme-copy' })]);
    expect(causes.map(({ key, subject }) => [key, subject])).toEqual([
      ['unusual:acme-nightly', 'acme-nightly: held (unusual)'],
      ['unusual:other', 'other: held (unusual)'],
    ]);
    expect(causes[0]?.text).toContain('2 deliveries are held for this. 2 later files wait behind.');
    expect(causes[0]?.hint).toContain('then: nightdrop deliveries release 1 (and the others)');
  });
});

describe('a late feed', () => {
  const facts = (changes: Partial<FeedFacts> = {}): FeedFacts => ({
    ...{ feed: makeFeed(), knownSince: due - 100 * hour, lastDue: due - 24 * hour, unfinished: undefined },
    trouble: undefined,
    ...changes,
  });
  const late = (changes: Partial<FeedFacts>, at = now, after = 30 * minute) =>
    lateFeeds([facts(changes)], () => after, at);
  const trouble = {
    feed: 'acme-nightly',
    error: 'fence: a session is open',
    hint: 'end it',
    code: 'fence-waits',
    next: 'retry',
    since: due,
  } as const;

  test('is told when its grace has passed, and not a moment before', () => {
    expect(late({}, due + 30 * minute - 1)).toEqual([]);
    expect(late({}, due + 30 * minute)).toMatchObject([
      { key: 'late:feed:acme-nightly', kind: 'late', subject: 'acme-nightly: the file is late' },
    ]);
    expect(late({}, due + 2 * hour, 3 * hour)).toEqual([]);
  });

  test('is not late when it was frozen, empty, left out or run by hand since', () => {
    expect(late({ lastDue: due })).toEqual([]);
    expect(late({ lastDue: due + 1 })).toEqual([]);
  });

  test('is late when its run was begun and has no end', () => {
    expect(late({ lastDue: due, unfinished: due })[0]?.text).toContain('due at 2026-11-21 15:00:00 UTC');
    expect(late({ lastDue: now - minute, unfinished: now - minute })).toEqual([]);
  });

  test('says why, when that is known', () => {
    expect(late({ trouble })).toMatchObject([
      { text: expect.stringContaining('Its last try failed: fence: a session is open.'), hint: 'end it' },
    ]);
  });

  test('three missed nights are one cause, with the first of them', () => {
    const causes = late({ lastDue: due - 72 * hour });
    expect(causes).toHaveLength(1);
    expect(causes[0]?.text).toContain('due at 2026-11-19 15:00:00 UTC');
  });

  test('one that nobody knows yet, has just begun or is retired is not late', () => {
    expect(late({ knownSince: undefined })).toEqual([]);
    expect(late({ knownSince: due + 1, lastDue: undefined })).toEqual([]);
    expect(late({ feed: makeFeed({ retired: true }) })).toEqual([]);
  });

  test('one that cannot run is told at once, as that and not as late', () => {
    const held = facts({ trouble: { ...trouble, next: 'hold', code: 'fence-guard', error: 'the guard is gone' } });
    expect(feedCauses([held])).toMatchObject([
      {
        key: 'feed:acme-nightly',
        kind: 'feed',
        subject: 'acme-nightly: the feed cannot run (fence-guard)',
        hint: 'end it',
      },
    ]);
    expect(lateFeeds([held], () => 30 * minute, now)).toEqual([]);
    expect(feedCauses([facts({ trouble })])).toEqual([]);
    expect(feedCauses([{ ...held, feed: makeFeed({ retired: true }) }])).toEqual([]);
  });
});

describe('late files', () => {
  const open = (changes: Partial<OpenDelivery> = {}): OpenDelivery => ({
    ...deliveryOf(changes),
    dueAt: changes.dueAt ?? due,
  });
  const late = (all: OpenDelivery[], held: Parameters<typeof lateDeliveries>[1] = []) =>
    lateDeliveries(all, held, (feed) => (feed === 'patient' ? 5 * hour : 30 * minute), now);

  test('of several feeds at one drop are one cause, with the last error', () => {
    const causes = late([open(), open({ id: 2, feed: 'b', error: 'connect: refused', hint: 'check the port' })]);
    expect(causes).toMatchObject([
      { key: 'late:drop:acme-sftp', subject: 'acme-sftp: 2 files are late', hint: 'check the port' },
    ]);
    expect(causes[0]?.text).toContain('(feeds: acme-nightly, b)');
    expect(causes[0]?.text).toContain('connect: refused');
  });

  test('are not those within their grace, their own or that of all', () => {
    expect(late([open({ dueAt: now - 30 * minute })])).toEqual([]);
    expect(late([open({ feed: 'patient' })])).toEqual([]);
  });

  test('are not those that wait behind a held one: that is told', () => {
    const held = deliveryOf({ state: 'held' });
    expect(late([open({ id: 2 })], [held])).toEqual([]);
    expect(late([open({ id: 2, feed: 'b' })], [held])).toHaveLength(1);
    expect(late([open({ id: 2, ordering: 'free' })], [held])).toHaveLength(1);
  });

  test('are not those behind one that was released just now', () => {
    const behind = open({ id: 2, dueAt: now - 5 * hour });
    expect(late([open({ dueAt: now - minute }), behind])).toEqual([]);
    expect(late([open({ dueAt: now - minute }), { ...behind, ordering: 'free' }])).toHaveLength(1);
  });

  test('that nobody has tried say where to look', () => {
    expect(late([open()])[0]).toMatchObject({
      text: expect.stringContaining('not tried yet'),
      hint: expect.stringContaining('"work"'),
    });
    expect(late([open({ state: 'sending' })])[0]?.text).toContain('It is being sent now.');
  });
});

describe('files nobody picks up', () => {
  const lying = (id: number, deliveredAt: number) => deliveryOf({ id, state: 'delivered', deliveredAt });

  test('are one cause for each drop, with the oldest', () => {
    const causes = pickupCauses(
      [lying(2, now - 25 * hour), lying(1, now - 49 * hour), lying(3, now - hour)],
      () => 24 * hour,
      now,
    );
    expect(causes).toMatchObject([
      { key: 'pickup:acme-sftp', kind: 'pickup', subject: 'acme-sftp: 2 files not picked up' },
    ]);
    expect(causes[0]?.text).toContain('acme_1.csv');
  });

  test('are only told of drops that are watched', () => {
    expect(pickupCauses([lying(1, 0)], () => undefined, now)).toEqual([]);
    expect(pickupCauses([lying(1, now - 24 * hour)], () => 24 * hour, now)).toEqual([]);
  });
});

test('words hold no control characters and end somewhere', () => {
  expect(words('a\r\nBcc: b\u0000\u2028c')).toBe('a Bcc: b c');
  expect(words('x'.repeat(2000))).toHaveLength(601);
  expect(words('\ud800')).toBe('\ufffd');
});
