import { findBatches } from '../outbound/feed/batches.ts';
import { batchLine } from '../outbound/feed/feed-list.ts';
import { textOption } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { count, moment, plural, table } from './output.ts';
import { withApp } from './wire.ts';

type Line = ReturnType<typeof batchLine>;

/** Rows are those of all files; name, bytes and digest those of the first. */
const moreParts = ({ companions }: Line): string => {
  const parts = companions.filter(({ kind }) => kind === 'part').length;
  return parts === 0 ? '' : `and ${plural(parts, 'more part')}`;
};

const human = (lines: readonly Line[]): string =>
  table(
    lines,
    [
      { title: 'id', text: (line) => String(line.id), align: 'right' },
      { title: 'feed', text: (line) => line.feed },
      { title: 'number', text: (line) => String(line.number ?? 'manual'), align: 'right' },
      { title: 'rows', text: (line) => count(line.rows), align: 'right' },
      { title: 'file', text: (line) => line.fileName },
      { title: 'bytes', text: (line) => count(line.bytes), align: 'right' },
      { title: 'sha256', text: (line) => `${line.sha256.slice(0, 12)}…` },
      { title: 'frozen at', text: (line) => moment(line.frozenAt) },
      { title: '', text: (line) => [moreParts(line), line.expired ? 'expired' : ''].filter(Boolean).join(', ') },
    ],
    'No batch yet.',
  );

export const batches: CliCommand = {
  name: 'batches',
  args: [],
  options: [{ flags: '--feed <name>', text: 'only this feed, also one that is no longer configured' }],
  summary: 'the batches: one frozen file each, oldest first',
  examples: [
    ['batches', 'all of them'],
    ['batches --feed acme-nightly --json', 'one feed, with ranges, digests and companions'],
  ],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const feed = textOption(call, 'feed');
      const found = await findBatches(store.read, feed === undefined ? {} : { feed });
      session.out.answer(found.map(batchLine), human);
      return exit.done;
    }),
};
