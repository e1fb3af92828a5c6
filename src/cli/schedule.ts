import { type FeedRun, previewFeeds } from '../outbound/feed/feed-schedule.ts';
import { instant, named, positive, textOption } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { table } from './output.ts';
import { readSettings } from './wire.ts';

const most = 10_000;

const human = (lines: readonly FeedRun[]): string =>
  table(
    lines,
    [
      { title: 'feed', text: (line) => line.feed },
      { title: 'local', text: (line) => line.local },
      { title: 'utc', text: (line) => line.utc.replace('.000Z', 'Z') },
      { title: 'note', text: (line) => line.note },
    ],
    'No feed is scheduled.',
  );

export const schedule: CliCommand = {
  name: 'schedule',
  args: [{ name: '[feed]', text: 'only this feed' }],
  options: [
    { flags: '--from <time>', text: 'runs after this instant (default: now)' },
    { flags: '--count <n>', text: 'how many runs of each feed (default: 10)' },
  ],
  summary: 'the next runs of the feeds, with the days on which clocks change',
  details:
    "A schedule is read on the wall clock of the feed's zone. A time that the spring change leaves out runs once, at the " +
    'first instant after the gap; a fixed time that comes twice in autumn runs once, at the first of the two.',
  examples: [
    ['schedule', 'the next ten runs of each feed'],
    ['schedule acme-nightly --from 2026-03-28 --count 3', 'what happens around a clock change'],
  ],
  run: async (call, session) => {
    const { feeds } = await readSettings(session);
    const [name] = call.args;
    const chosen = name === undefined ? feeds : [named(feeds, name, 'feed')];
    const given = textOption(call, 'from');
    const from = given === undefined ? session.clock.now() : instant(given, '--from');
    const lines = previewFeeds(chosen, from, Math.min(most, positive(textOption(call, 'count') ?? '10', '--count')));
    session.out.answer(lines, human);
    return exit.done;
  },
};
