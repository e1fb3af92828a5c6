import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { int, rawRows, type Store } from '../../store/store.ts';
import { nextDue } from '../../work/due.ts';
import { type Batch, rowsOfFiles } from './batch.ts';
import type { Feed } from './feed.ts';
import { allFeeds } from './feeds.ts';
import { memberAggregate } from './member-query.ts';
import type { TimeFrame } from './time-frame.ts';
import { type MemberRule, normal } from './selection.ts';
import { type BoundsLine, boundsLine } from './unusual.ts';

/** A feed as lists show it. */
export interface FeedLine {
  feed: string;
  partner: string;
  schedule: string;
  timezone: string;
  watermark: number;
  /** Rows that the next file would hold, were it made now. */
  pending: number;
  /** ISO 8601; null for a retired feed. */
  nextRun: string | null;
  /** Beyond which bounds its files wait for a person, where it has any. */
  hold?: BoundsLine;
}

export const listFeeds = async (store: Store, feeds: readonly Feed[], now: number): Promise<FeedLine[]> => {
  const known = new Map((await allFeeds(store.read)).map((history) => [history.name, history]));
  const lines: FeedLine[] = [];
  for (const feed of feeds) {
    const history = known.get(feed.name) ?? (feed.formerly === undefined ? undefined : known.get(feed.formerly));
    const watermark = history?.watermark ?? 0;
    const startsEmpty = history === undefined && feed.startAt === 'now';
    const next = feed.retired ? undefined : nextDue({ cron: feed.schedule, timezone: feed.timezone }, now);
    lines.push({
      feed: feed.name,
      partner: feed.partner,
      schedule: feed.schedule,
      timezone: feed.timezone,
      watermark,
      pending: feed.retired || startsEmpty ? 0 : await countPending(store.read, feed, watermark),
      nextRun: next === undefined ? null : isoInstant(next),
      ...(feed.hold && { hold: boundsLine(feed.hold) }),
    });
  }
  return lines;
};

const countPending = async (db: Knex, feed: Feed, watermark: number): Promise<number> => {
  const rule: MemberRule = { partner: feed.partner, include: feed.include, selection: normal(feed.selection) };
  const query = memberAggregate(rule, 'count(*) as pending');
  const [row] = await rawRows(db, query.sql, query.parameters(watermark, Number.MAX_SAFE_INTEGER));
  return int(row?.['pending']);
};

/** How many rows a manual export over a time frame would have now. */
export const countFrame = async (db: Knex, feed: Feed, frame: TimeFrame): Promise<number> => {
  const rule: MemberRule = { partner: feed.partner, include: feed.include, selection: normal(feed.selection) };
  const query = memberAggregate(rule, 'count(*) as found', { frame });
  const [row] = await rawRows(db, query.sql, query.parameters(0, Number.MAX_SAFE_INTEGER));
  return int(row?.['found']);
};

/** A batch as lists show it; instants in ISO 8601. */
export const batchLine = (batch: Batch) => ({
  ...batchFacts(batch),
  companions: companionLines(batch),
});

/** Parts say how many rows they hold; `rows` of the batch are those of all its files. */
const companionLines = (batch: Batch) => {
  const [, ...ofParts] = rowsOfFiles(batch);
  return batch.companions.map(({ kind, fileName, bytes, sha256 }, index) => ({
    kind,
    fileName,
    ...(kind === 'part' && { rows: ofParts[index] }),
    bytes,
    sha256,
  }));
};

const batchFacts = (batch: Batch) => ({
  id: batch.id,
  feed: batch.feed,
  number: batch.number,
  occurrence: batch.occurrence === null ? null : isoInstant(batch.occurrence),
  fromSequence: batch.fromSequence,
  toSequence: batch.toSequence,
  rows: batch.rows,
  fileName: batch.fileName,
  bytes: batch.bytes,
  sha256: batch.sha256,
  frozenAt: isoInstant(batch.frozenAt),
  expired: batch.expiredAt !== null,
});
