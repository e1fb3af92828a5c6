import { placeOf } from '../drop/drop.ts';
import { collisionKey } from '../file/name-checks.ts';
import { namesOf } from '../outbound/feed/file-names.ts';
import type { FeedDraft } from './feed-section.ts';
import type { DropDraft, PartnerDraft } from './partner-file.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { nearest, suggestion } from './suggest.ts';

/** Something with a name that may be there once only, in all files together. */
interface Named {
  reading: Reading;
  path: Path;
  name: string;
}

/** Reports every one but the first of those that share a name. `shown` is the value to show. */
export const reportTwice = (all: readonly Named[], what: string, hint: string): void => {
  const first = new Map<string, Named>();
  for (const one of all) {
    const before = first.get(one.name);
    if (!before) first.set(one.name, one);
    else
      report(one.reading, one.path, `the ${what} "${one.name}" is already in ${before.reading.file}`, hint, one.name);
  }
};

const checkDropsDefined = (feed: FeedDraft, drops: readonly DropDraft[]): void => {
  const own = drops.filter((drop) => drop.partner === feed.partner).map((drop) => drop.name);
  for (const [index, name] of feed.drops.entries()) {
    if (own.includes(name)) continue;
    const other = drops.find((drop) => drop.name === name);
    const path = [...feed.path, 'drops', index];
    if (other)
      report(
        feed.reading,
        path,
        `the drop "${name}" belongs to ${other.reading.file}`,
        'a feed delivers to its own partner only',
      );
    else report(feed.reading, path, `the drop "${name}" is not defined`, suggestion(name, own));
  }
};

/** A drop that cannot rename shows files while they grow: each of its feeds must say with a marker when one is whole. */
const checkMarkers = (feed: FeedDraft, drops: readonly DropDraft[]): void => {
  const written = valueAt(feed.reading.raw, [...feed.path, 'file', 'marker']);
  if (feed.feed?.retired || (written !== undefined && written !== 'none')) return;
  const drop = drops.find(({ name, plan }) => feed.drops.includes(name) && plan?.spec.rename === false);
  if (!drop || drop.partner !== feed.partner) return;
  const message = `the drop "${drop.name}" cannot rename, so the feed needs a marker that says when a file is whole`;
  const hint = 'write marker: "{name}.done", and tell the partner to take a file only when its marker is there';
  report(feed.reading, [...feed.path, 'file', 'marker'], message, hint);
};

const checkEventTypesDefined = (feed: FeedDraft, ids: ReadonlySet<number>): void => {
  for (const [index, id] of feed.eventTypes.entries())
    if (!ids.has(id)) {
      const path = [...feed.path, 'transactions', 'eventTypes', index];
      const near = nearest(String(id), [...ids].map(String));
      const hint = `${near === undefined ? '' : `did you mean ${near}? otherwise `}add event-types/${id}.yaml`;
      report(feed.reading, path, `the event type ${id} is not defined`, hint);
    }
};

const checkFormerly = (feeds: readonly FeedDraft[]): void => {
  const heirs = new Map<string, FeedDraft>();
  for (const feed of feeds) {
    const { formerly, reading, path: at } = feed;
    if (formerly === undefined) continue;
    const path = [...at, 'formerly'];
    const heir = heirs.get(formerly);
    if (feeds.some((other) => other.name === formerly))
      report(
        reading,
        path,
        `the feed "${formerly}" still exists`,
        'formerly names a feed that is gone: remove it, or leave formerly out',
      );
    else if (heir)
      report(
        reading,
        path,
        `the feed "${heir.name}" was formerly "${formerly}" too`,
        'only one feed can go on with its history',
      );
    heirs.set(formerly, feed);
  }
};

/** The names under which files come, as far as they tell two feeds apart; none when the feed's own name is in them. */
const sharedNames = ({ feed }: FeedDraft): string[] => {
  if (!feed || feed.retired) return [];
  const { name: template, marker } = feed.file;
  const packed = namesOf(feed.file, collisionKey(template)).sent;
  const markers = marker === undefined ? [] : [collisionKey(marker).replaceAll('{name}', packed)];
  return [packed, ...markers].filter((shared) => !shared.includes('{feed}'));
};

/** Two feeds whose files would take each other's names: the same template, in the same folder of the same server. */
const checkNamesApart = (feeds: readonly FeedDraft[], drops: readonly DropDraft[]): void => {
  const places = new Map(drops.map((drop) => [drop.name, drop.plan ? placeOf(drop.plan.spec) : `drop ${drop.name}`]));
  const owners = new Map(drops.map((drop) => [drop.name, drop.partner]));
  const taken = new Map<string, FeedDraft>();
  for (const feed of feeds) {
    const names = sharedNames(feed);
    const keys = feed.drops
      .filter((drop) => owners.get(drop) === feed.partner)
      .flatMap((drop) => names.map((name) => JSON.stringify([places.get(drop), name])));
    const other = keys.map((key) => taken.get(key)).find((one) => one !== undefined && one.name !== feed.name);
    const message = `the feed "${other?.name}" delivers files of the same name to the same place`;
    if (other)
      report(feed.reading, [...feed.path, 'file', 'name'], message, 'add {feed} to the name, or use another folder');
    for (const key of keys) if (!taken.has(key)) taken.set(key, feed);
  }
};

/** What can only be seen with all partners' files side by side. `eventTypes` are the ids that have a file. */
export const checkPartners = (partners: readonly PartnerDraft[], eventTypes: ReadonlySet<number>): void => {
  const feeds = partners.flatMap((partner) => partner.feeds);
  const drops = partners.flatMap((partner) => partner.drops);
  reportTwice(feeds, 'feed', 'feed names are unique over all partners; give one of the two another name');
  reportTwice(drops, 'drop', 'drop names are unique over all partners; give one of the two another name');
  const ids = partners.flatMap(({ reading, ids: own }) =>
    own.map((name, index) => ({ reading, path: ['ids', index], name })),
  );
  reportTwice(ids, 'partner id', 'an id belongs to one partner');
  for (const feed of feeds) {
    checkDropsDefined(feed, drops);
    checkMarkers(feed, drops);
    checkEventTypesDefined(feed, eventTypes);
  }
  checkFormerly(feeds);
  checkNamesApart(feeds, drops);
};
