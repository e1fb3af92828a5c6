import { learnedText } from '../drop/learned-text.ts';
import { listOwnedDrops, type OwnedDrop } from '../outbound/feed/owned-drops.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { count, moment, table } from './output.ts';
import { withApp } from './wire.ts';

const human = (lines: readonly OwnedDrop[]): string =>
  table(
    lines,
    [
      { title: 'drop', text: (line) => line.drop },
      { title: 'partner', text: (line) => line.partner },
      { title: 'place', text: (line) => line.place },
      { title: 'feeds', text: (line) => line.feeds.join(', ') },
      { title: 'pending', text: (line) => count(line.pending), align: 'right' },
      { title: 'held', text: (line) => count(line.held), align: 'right' },
      { title: 'delivered at', text: (line) => moment(line.lastDeliveredAt) },
      { title: 'trusted since', text: (line) => line.trusted.map(({ fingerprint }) => fingerprint).join(', ') || '-' },
      { title: 'learned', text: ({ learned }) => learnedText(learned) },
    ],
    'No drop is configured.',
  );

export const drops: CliCommand = {
  name: 'drops',
  args: [],
  options: [],
  summary: 'the drops: where they are, what was learned about their servers, which keys are trusted',
  details:
    'What was learned is found out by connections as they work and saves tries that would fail; it is forgotten when ' +
    'the drop moves. Trusted keys are those that "drops trust" added to the pinned ones.',
  examples: [
    ['drops', 'all drops of all partners'],
    ['drops trust acme-sftp SHA256:…', 'when the partner has changed the host key'],
  ],
  run: (_call, session) =>
    withApp(session, async ({ store, settings }) => {
      const specs = [...settings.drops.values()].map(({ spec }) => spec);
      session.out.answer(await listOwnedDrops(store, settings, specs), human);
      return exit.done;
    }),
};
