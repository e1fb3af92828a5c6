import type { Knex } from 'knex';
import { int, type Row } from '../../store/store.ts';

/** A numbered batch as a chart shows it. `frozenAt` in milliseconds. */
export interface RecentRun {
  id: number;
  rows: number;
  frozenAt: number;
}

/** The newest numbered batches of each of these feeds, newest first; one question however many feeds there are. */
export const recentRuns = async (
  db: Knex,
  feeds: readonly string[],
  count: number,
): Promise<Map<string, RecentRun[]>> => {
  const runs = new Map<string, RecentRun[]>(feeds.map((feed) => [feed, []]));
  const ofFeed = (feed: string) =>
    db('batches')
      .where({ feed, kind: 'feed' })
      .orderBy('id', 'desc')
      .limit(count)
      .select('id', 'feed', 'row_count', 'frozen_at');
  const [first, ...rest] = feeds.map((feed) => db.select('*').from(ofFeed(feed).as('newest')));
  const rows = (first ? await first.unionAll(rest) : []) as Row[];
  for (const row of rows.toSorted((a, b) => int(b['id']) - int(a['id'])))
    runs.get(String(row['feed']))?.push({
      id: int(row['id']),
      rows: int(row['row_count']),
      frozenAt: int(row['frozen_at']),
    });
  return runs;
};
