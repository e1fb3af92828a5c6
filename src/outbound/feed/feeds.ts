import type { Knex } from 'knex';
import { int, type Row, type Writer } from '../../store/store.ts';
import type { Selection } from './feed.ts';
import type { Include } from './selection.ts';

/** What lasts of a feed, whatever its configuration says today. */
export interface FeedHistory {
  name: string;
  partner: string;
  include: Include;
  /** The selection of its newest batch (of its first day, before there is one). */
  selection: Selection;
  /** It holds nothing up to here: 0, or the fence of the day it began with `startAt: now`. */
  startedFrom: number;
  watermark: number;
  number: number;
  knownSince: number;
  /** The name under which it goes on: this line then only keeps the old name from beginning anew. */
  renamedTo: string | null;
}

const toHistory = (row: Row): FeedHistory => ({
  name: String(row['name']),
  partner: String(row['partner']),
  include: row['include'] as Include,
  selection: JSON.parse(String(row['selection'])) as Selection,
  startedFrom: int(row['started_from']),
  watermark: int(row['watermark']),
  number: int(row['number']),
  knownSince: int(row['known_since']),
  renamedTo: row['renamed_to'] === null ? null : String(row['renamed_to']),
});

export const findFeed = async (db: Knex, name: string): Promise<FeedHistory | undefined> => {
  const row = (await db('feeds').where({ name }).first()) as Row | undefined;
  return row && toHistory(row);
};

/** Old names of feeds that go on under another are among them. */
export const allFeeds = async (db: Knex): Promise<FeedHistory[]> =>
  ((await db('feeds').orderBy('name')) as Row[]).map(toHistory);

/** Writes a feed's first line; one that is there stays as it is. */
export const insertFeed = async ({ knex }: Writer, feed: Omit<FeedHistory, 'renamedTo'>): Promise<void> => {
  const row = {
    name: feed.name,
    partner: feed.partner,
    include: feed.include,
    selection: JSON.stringify(feed.selection),
    started_from: feed.startedFrom,
    watermark: feed.watermark,
    number: feed.number,
    known_since: feed.knownSince,
  };
  await knex('feeds').insert(row).onConflict('name').ignore();
};

/** Where the feed stood when the batch was rendered, and where it stands when it is frozen. */
export interface Advance {
  name: string;
  from: { number: number; watermark: number };
  to: { number: number; watermark: number };
  selection: Selection;
}

/** Moves number and watermark forward, if they still stand where the batch began. False when another was first. */
export const advanceFeed = async ({ knex }: Writer, { name, from, to, selection }: Advance): Promise<boolean> => {
  if (to.watermark < from.watermark) throw new Error(`the watermark of ${name} would move back`);
  const count = await knex('feeds')
    .where({ name, ...from })
    .update({ ...to, selection: JSON.stringify(selection) });
  return count === 1;
};

/**
 * A feed goes on under a new name, with its whole history. The old name keeps a line that says so: a process that still
 * has the old configuration must not begin the feed anew. The caller holds the leases of both names. What was left
 * unfinished belongs to whoever holds the new name: claim numbers count anew with each lease.
 */
export const renameFeed = async ({ knex }: Writer, formerly: string, name: string): Promise<void> => {
  const old = (await knex('feeds').where({ name: formerly }).first()) as Row;
  await knex('feeds').where({ name }).whereNotNull('renamed_to').delete();
  await knex('feeds').where({ name: formerly }).update({ name });
  await knex('feeds').insert({ ...old, renamed_to: name });
  await knex('occurrences').where({ feed: formerly, state: 'claimed' }).update({ claim: 0 });
  for (const table of ['occurrences', 'batches', 'deliveries']) {
    await knex(table).where({ feed: formerly }).update({ feed: name });
  }
};
