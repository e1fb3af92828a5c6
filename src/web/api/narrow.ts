import type { Reach, Subject } from '../people/may.ts';

/** The values that were given, without those that were not. */
export const given = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** What of a list over feeds may be shown. Nothing for a reach over anything else. */
export const inFeeds = (reach: Reach): { feeds?: readonly string[] } => {
  if (reach === 'all') return {};
  return { feeds: 'feeds' in reach ? reach.feeds : [] };
};

/** What of a list over event types may be shown. */
export const inEventTypes = (reach: Reach): { eventTypeIds?: readonly number[] } => {
  if (reach === 'all') return {};
  return { eventTypeIds: 'eventTypes' in reach ? reach.eventTypes : [] };
};

export const subjectOfFeed = (feed: string, partner: string | undefined): Subject =>
  partner === undefined ? { feed } : { feed, partner };
