import { int, type Store } from '../store/store.ts';
import { openAlerts } from '../watch/alerts.ts';

/** What the database says about the flow, for the metrics. Instants in milliseconds. */
export interface Figures {
  /** Frozen so far, by feed. */
  batches: { feed: string; batches: number; rows: number }[];
  deliveries: { state: string; count: number }[];
  /** When the oldest delivery that is not at its drop yet was made. */
  oldestPending: number | undefined;
  /** When each feed's newest occurrence was finished. */
  lastRuns: { feed: string; at: number; outcome: string }[];
  /** Kinds of the open alerts, one entry for each alert. */
  openAlerts: string[];
}

type Row = Record<string, unknown>;

/** A few small aggregate queries. */
export const readFigures = async ({ read }: Store): Promise<Figures> => {
  const batches = (await read('batches')
    .where({ kind: 'feed' })
    .groupBy('feed')
    .select('feed')
    .count({ batches: '*' })
    .sum({ rows: 'row_count' })) as Row[];
  const deliveries = (await read('deliveries').groupBy('state').select('state').count({ count: '*' })) as Row[];
  const waiting = (await read('deliveries')
    .whereIn('state', ['pending', 'sending', 'held'])
    .min({ oldest: 'created_at' })
    .first()) as Row | undefined;
  const ended = await lastRuns(read);
  return {
    batches: batches.map((row) => ({
      feed: String(row['feed']),
      batches: int(row['batches']),
      rows: int(row['rows']),
    })),
    deliveries: deliveries.map((row) => ({ state: String(row['state']), count: int(row['count']) })),
    oldestPending: waiting?.['oldest'] === null || !waiting ? undefined : int(waiting['oldest']),
    lastRuns: ended,
    openAlerts: (await openAlerts(read)).map(({ kind }) => kind),
  };
};

const lastRuns = async (read: Store['read']): Promise<Figures['lastRuns']> => {
  const newest = read('occurrences')
    .where({ state: 'finished' })
    .groupBy('feed')
    .select('feed')
    .max({ at: 'finished_at' });
  const rows = (await read('occurrences as o')
    .join(newest.as('n'), (on) => void on.on('n.feed', 'o.feed').andOn('n.at', 'o.finished_at'))
    .orderBy('o.id')
    .select('o.feed', 'o.finished_at', 'o.outcome')) as Row[];
  const byFeed = new Map(rows.map((row) => [String(row['feed']), row]));
  return [...byFeed].map(([feed, row]) => ({ feed, at: int(row['finished_at']), outcome: String(row['outcome']) }));
};
