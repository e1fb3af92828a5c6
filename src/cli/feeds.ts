import { type FeedLine, listFeeds } from '../outbound/feed/feed-list.ts';
import { boundsText } from '../outbound/feed/unusual.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { count, moment, table, type TableColumn } from './output.ts';
import { withApp } from './wire.ts';

const holdColumn: TableColumn<FeedLine> = { title: 'waits over', text: ({ hold }) => (hold ? boundsText(hold) : '') };

const human = (lines: readonly FeedLine[]): string =>
  table(
    lines,
    [
      { title: 'feed', text: (line) => line.feed },
      { title: 'partner', text: (line) => line.partner },
      { title: 'schedule', text: (line) => line.schedule },
      { title: 'timezone', text: (line) => line.timezone },
      { title: 'watermark', text: (line) => count(line.watermark), align: 'right' },
      { title: 'pending', text: (line) => count(line.pending), align: 'right' },
      { title: 'next run', text: (line) => moment(line.nextRun) },
      ...(lines.some(({ hold }) => hold) ? [holdColumn] : []),
    ],
    'No feed is configured: add a file to the folder partners/ of the configuration.',
  );

export const feeds: CliCommand = {
  name: 'feeds',
  args: [],
  options: [],
  summary: 'the feeds: how far each has come, what is pending, when it runs next',
  details:
    'The watermark is the last sequence of the journal that is in a batch of the feed; pending are the rows that the ' +
    'next file would hold, were it made now. Where a feed has "hold", a file of more rows or a higher amount waits for a ' +
    'person: "deliveries release ID" lets it go.',
  examples: [['feeds', 'all feeds of all partners']],
  run: (_call, session) =>
    withApp(session, async ({ store, settings, clock }) => {
      session.out.answer(await listFeeds(store, settings.feeds, clock.now()), human);
      return exit.done;
    }),
};
