import type { Delivery } from '../outbound/delivery/delivery.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import type { FeedTrouble } from '../outbound/feed/troubles.ts';
import { dueTimes } from '../work/due.ts';
import { type Cause, moment, plural, words } from './cause.ts';
import { waitsBehind } from './held.ts';

/** What is known of a feed's runs. Instants in milliseconds. */
export interface FeedFacts {
  feed: Feed;
  /** Since when its schedule counts; undefined before any process has looked at it. */
  knownSince: number | undefined;
  /** The newest due time that was claimed, left out or run by hand. */
  lastDue: number | undefined;
  /** The oldest due time that was claimed and has not come to an end. */
  unfinished: number | undefined;
  trouble: FeedTrouble | undefined;
}

/** The first due time that passed more than `late` ms ago without a file, an empty window or being left out. */
const lateSince = (
  { feed, knownSince, lastDue, unfinished }: FeedFacts,
  late: number,
  now: number,
): number | undefined => {
  if (feed.retired || knownSince === undefined) return undefined;
  const until = now - late;
  if (unfinished !== undefined && unfinished <= until) return unfinished;
  const { schedule: cron, timezone } = feed;
  return dueTimes({ cron, timezone }, Math.max(knownSince, lastDue ?? 0), until, 1)[0];
};

/** What keeps a feed from running until a person has changed something; what passes by itself is told when it is late. */
const stands = (trouble: FeedTrouble | undefined): trouble is FeedTrouble =>
  trouble !== undefined && trouble.next !== 'retry';

/** Feeds that cannot run: a fence, a key, a character that the file's encoding cannot hold. At once, whatever the clock. */
export const feedCauses = (facts: readonly FeedFacts[]): Cause[] =>
  facts.flatMap(({ feed, trouble }) =>
    feed.retired || !stands(trouble)
      ? []
      : {
          key: `feed:${feed.name}`,
          kind: 'feed',
          subject: `${feed.name}: the feed cannot run (${trouble.code})`,
          text: words(`${trouble.error}. It has been so since ${moment(trouble.since)}; no row is lost meanwhile.`),
          hint: words(trouble.hint),
        },
  );

const notRun = 'look whether a process with the part "schedule" runs (nightdrop serve), and at its log';

/** Feeds whose due time has passed by more than `late` ms (`lateOf`) and that have made no file for it. */
export const lateFeeds = (facts: readonly FeedFacts[], lateOf: (feed: string) => number, now: number): Cause[] =>
  facts.flatMap((one): Cause[] => {
    const { feed, trouble } = one;
    const since = stands(trouble) ? undefined : lateSince(one, lateOf(feed.name), now);
    if (since === undefined) return [];
    const why = trouble ? ` Its last try failed: ${trouble.error}.` : '';
    return [
      {
        key: `late:feed:${feed.name}`,
        kind: 'late',
        subject: `${feed.name}: the file is late`,
        text: words(`The feed was due at ${moment(since)} and has made no file since.${why}`),
        hint: words(trouble?.hint ?? notRun),
      },
    ];
  });

/** A delivery that is not at its end, and the instant from which it should have been on its way. */
export interface OpenDelivery extends Delivery {
  /** When its batch was due, or it was released or resent by hand, or its turn came. Milliseconds. */
  dueAt: number;
}

const notSent = 'look whether a process with the part "work" runs (nightdrop serve), and at its log';

const slow = 'It is being sent now.';
const whySlow = 'wait, or look how fast the drop takes it: npx nightdrop deliveries';

const lateAtDrop = (drop: string, late: readonly OpenDelivery[]): Cause[] => {
  const [first] = late.toSorted((a, b) => a.dueAt - b.dueAt || a.id - b.id);
  if (!first) return [];
  const feeds = [...new Set(late.map(({ feed }) => feed))].sort();
  const told = late.find(({ error }) => error !== null);
  const sending = late.some(({ state }) => state === 'sending');
  return [
    {
      key: `late:drop:${drop}`,
      kind: 'late',
      subject: `${drop}: ${plural(late.length, 'file')} ${late.length === 1 ? 'is' : 'are'} late`,
      text: words(
        `${first.fileName} should have been there since ${moment(first.dueAt)} (feeds: ${feeds.join(', ')}). ` +
          (told ? `The last try failed: ${told.error}. It is tried again.` : sending ? slow : 'It was not tried yet.'),
      ),
      hint: words(told?.hint ?? (sending ? whySlow : notSent)),
    },
  ];
};

/** In strict order a file cannot be on its way before the one before it: it is due no earlier than that one. */
const inTurn = (open: readonly OpenDelivery[]): OpenDelivery[] => {
  const last = new Map<string, number>();
  return open
    .toSorted((a, b) => a.batchId - b.batchId)
    .map((one) => {
      if (one.ordering !== 'strict') return one;
      const queue = JSON.stringify([one.feed, one.dropName]);
      const dueAt = Math.max(one.dueAt, last.get(queue) ?? 0);
      last.set(queue, dueAt);
      return { ...one, dueAt };
    });
};

/**
 * Files that are frozen and not at their drop: one cause for each drop. What waits behind a held one is told with that,
 * and what is held is no longer late: it waits for a person.
 */
export const lateDeliveries = (
  open: readonly OpenDelivery[],
  held: readonly Delivery[],
  lateOf: (feed: string) => number,
  now: number,
): Cause[] => {
  const late = inTurn(open).filter((one) => now - one.dueAt > lateOf(one.feed) && !waitsBehind(one, held));
  return [...Map.groupBy(late, ({ dropName }) => dropName)].flatMap(([drop, group]) => lateAtDrop(drop, group));
};
