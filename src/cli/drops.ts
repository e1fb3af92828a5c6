import { learnedText } from '../drop/learned-text.ts';
import { type DropLine, listDrops } from '../outbound/delivery/drop-list.ts';
import type { Settings } from '../settings/settings.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { count, moment, table } from './output.ts';
import { withApp } from './wire.ts';

/** A drop with who owns it and which feeds deliver there. */
type Line = DropLine & { partner: string; feeds: string[] };

const ownersOf = ({ partners, feeds }: Settings, drop: string) => ({
  partner: partners.find(({ drops }) => drops.includes(drop))?.name ?? '',
  feeds: feeds.filter((feed) => !feed.retired && feed.drops.includes(drop)).map(({ name }) => name),
});

const human = (lines: readonly Line[]): string =>
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
      const lines = (await listDrops(store, specs)).map(({ drop, kind, place, ...rest }): Line => {
        const { partner, feeds } = ownersOf(settings, drop);
        return { drop, partner, kind, place, feeds, ...rest };
      });
      session.out.answer(lines, human);
      return exit.done;
    }),
};
