import type { Feed } from '../outbound/feed/feed.ts';
import { argument, flag, named, textOption, wrongUse } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { Call, CliCommand } from './command.ts';
import { exportByHand } from './export-by-hand.ts';
import { exportFrame } from './export-frame.ts';
import { withApp } from './wire.ts';

const frameOptions = ['from', 'to', 'by', 'out'] as const;

const isFrame = (call: Call): boolean =>
  flag(call, 'deliver') || frameOptions.some((name) => textOption(call, name) !== undefined);

const refuseRetired = ({ name, retired }: Feed): void => {
  if (retired)
    throw wrongUse(
      `the feed "${name}"`,
      'it is retired',
      'a retired feed can only be exported with --from, --to and --out',
    );
};

export const exportFeed: CliCommand = {
  name: 'export',
  args: [{ name: '<feed>', text: 'name of a feed' }],
  options: [
    { flags: '--from <time>', text: 'manual export: from this instant on' },
    { flags: '--to <time>', text: 'manual export: up to this instant, which is not part of it' },
    { flags: '--by <what>', text: 'manual export: created (default) or event, which instant of a transaction counts' },
    { flags: '--out <file>', text: 'manual export: write it to this file' },
    { flags: '--deliver', text: "manual export: bring it to the feed's drops, under a name that says manual" },
  ],
  summary: 'does now what the clock would do: freezes what is new and delivers it',
  details:
    'First finishes what is unfinished of the feed, whatever its back-off. Exit code 3 when nothing was new or ' +
    'unfinished, 1 when a delivery did not succeed. With --from and --to it is a manual export instead: a file over a ' +
    'time frame, which moves no watermark and has no number; what is in it comes with the feed all the same. Where the ' +
    'feed splits its files, the further parts lie beside FILE as FILE_part2 and so on, and never replace a file.',
  examples: [
    ['export acme-nightly', 'the next file, now'],
    ['export acme-nightly --from 2026-11-01 --to 2026-12-01 --by event --out november.csv', 'a month, to a local file'],
    ['export acme-nightly --from 2026-11-20 --to 2026-11-21 --deliver', 'a day, to the partner'],
  ],
  run: (call, session) =>
    withApp(session, (app) => {
      const feed = named(app.settings.feeds, argument(call, 0), 'feed');
      const object = `feed ${feed.name}`;
      if (isFrame(call))
        return byHand(app, { action: 'frames.export', object }, () => exportFrame(app, feed, call, session.out));
      refuseRetired(feed);
      return byHand(app, { action: 'feeds.export', object }, () => exportByHand(app, feed, session.out));
    }),
};
