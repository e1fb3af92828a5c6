import { previewRuns, type PreviewRun } from '../../work/due.ts';
import type { Feed } from './feed.ts';

/** One due time of a feed. */
export type FeedRun = { feed: string } & PreviewRun;

/** The next `count` runs of each feed after `from` (milliseconds); retired feeds have none. */
export const previewFeeds = (feeds: readonly Feed[], from: number, count: number): FeedRun[] =>
  feeds
    .filter((feed) => !feed.retired)
    .flatMap(({ name, schedule: cron, timezone }) =>
      previewRuns({ cron, timezone }, from, count).map((run) => ({ feed: name, ...run })),
    );
