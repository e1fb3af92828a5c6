import type { EventType } from '../ledger/event-type.ts';
import { addSample } from '../ledger/sample.ts';
import type { Settings } from '../settings/settings.ts';
import { named, positive, textOption } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { Call, CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { plural } from './output.ts';
import { makeProgress } from './progress.ts';
import { withApp } from './wire.ts';

const chosenPartners = (call: Call, { partners }: Settings): string[] => {
  const name = textOption(call, 'partner');
  return name === undefined ? partners.map((partner) => partner.name) : [named(partners, name, 'partner').name];
};

const chosenEventTypes = (call: Call, { eventTypes }: Settings): EventType[] => {
  const id = textOption(call, 'eventType');
  const all = [...eventTypes.values()];
  if (id === undefined) return all;
  const byId = all.map((eventType) => ({ name: String(eventType.id), eventType }));
  return [named(byId, id, 'event type').eventType];
};

export const ledgerSample: CliCommand = {
  name: 'ledger sample',
  args: [],
  options: [
    { flags: '--count <n>', text: 'how many (default: 1000)' },
    { flags: '--seed <s>', text: 'the same seed gives the same transactions (default: 1)' },
    { flags: '--partner <name>', text: 'only for this partner (default: all)' },
    { flags: '--event-type <id>', text: 'only of this event type (default: all)' },
  ],
  summary: 'writes synthetic transactions over all columns, to try sizes with',
  details: 'A second run of a seed goes on where the first ended: it adds others, never the same again.',
  examples: [
    ['ledger sample --count 100', 'a hundred more; the next file of a feed holds them'],
    ['ledger sample --count 1000000 --seed 7', 'a million, in under a minute'],
  ],
  run: (call, session) =>
    withApp(session, async (app) => {
      const { store, settings, clock } = app;
      const count = positive(textOption(call, 'count') ?? '1000', '--count');
      const bar = makeProgress(session.out, 'Writing', 'transactions');
      const options = {
        count,
        seed: textOption(call, 'seed') ?? '1',
        partners: chosenPartners(call, settings),
        eventTypes: chosenEventTypes(call, settings),
        clock,
        progress: (added: number) => bar.at(added, count),
      };
      const deed = { action: 'transactions.add', object: `sample of ${count}` } as const;
      const result = await byHand(app, deed, () => addSample(store, options)).finally(bar.end);
      session.out.answer(result, ({ added }) => `${plural(added, 'transaction')} added`);
      return exit.done;
    }),
};
