import { type EndingKey, endingKeys, endingKeyText } from '../outbound/feed/key-watch.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import { type Cause, words } from './cause.ts';

/** PGP keys that end within 30 days: one cause for each key, whatever feeds use it. Once it has ended the feeds are held, which is another cause. */
export const keyCauses = (ending: readonly EndingKey[]): Cause[] =>
  [...Map.groupBy(ending, ({ fingerprint }) => fingerprint)].flatMap(([fingerprint, group]): Cause[] => {
    const [first] = group;
    if (!first) return [];
    const feeds = [...new Set(group.map(({ feed }) => feed))].sort();
    return [
      {
        key: `key:${fingerprint}`,
        kind: 'feed',
        subject: words(`${feeds.join(', ')}: a PGP key ends soon`),
        text: words(`${group.map(endingKeyText).join('; ')}.`),
        hint: 'get the new key, put it in place of the old one and reload the configuration',
      },
    ];
  });

/** Keys end by the day; opening one with a passphrase takes work. */
const lookAgainMs = 3_600_000;

const seen = new WeakMap<readonly Feed[], { at: number; ending: Promise<EndingKey[]> }>();

/** As `endingKeys`, looked at anew each hour and after each reload, not at every look of the watch. */
export const endingKeysNow = (feeds: readonly Feed[], now: number): Promise<EndingKey[]> => {
  const known = seen.get(feeds);
  if (known && now >= known.at && now < known.at + lookAgainMs) return known.ending;
  const ending = endingKeys(feeds, now);
  seen.set(feeds, { at: now, ending });
  return ending;
};
