import { type AuditLine, findDeeds } from '../web/people/audit.ts';
import { instant, positive, textOption } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, table } from './output.ts';
import { withApp } from './wire.ts';

const human = (lines: readonly AuditLine[]): string =>
  table(
    lines,
    [
      { title: 'id', text: (line) => String(line.id), align: 'right' },
      { title: 'at', text: (line) => moment(line.at) },
      { title: 'who', text: (line) => line.who },
      { title: 'by', text: (line) => line.by },
      { title: 'action', text: (line) => line.action },
      { title: 'object', text: (line) => line.object },
      { title: 'outcome', text: (line) => line.outcome },
      { title: 'from', text: (line) => line.from },
    ],
    'Nobody has done anything yet.',
  );

export const audit: CliCommand = {
  name: 'audit',
  args: [],
  options: [
    { flags: '--who <name>', text: 'only of this person or token' },
    { flags: '--action <name>', text: 'only this action, as in deliveries.resend' },
    { flags: '--from <time>', text: 'from this instant on' },
    { flags: '--to <time>', text: 'up to this instant' },
    { flags: '--count <n>', text: 'how many (default: 100)' },
  ],
  summary: 'what people did: who, what, on what, when and from where; newest first',
  examples: [['audit --action deliveries.settle', 'who has settled deliveries']],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const [who, action] = [textOption(call, 'who'), textOption(call, 'action')];
      const [from, to] = [textOption(call, 'from'), textOption(call, 'to')];
      const filter = {
        ...(who === undefined ? {} : { who }),
        ...(action === undefined ? {} : { action }),
        ...(from === undefined ? {} : { from: instant(from, '--from') }),
        ...(to === undefined ? {} : { to: instant(to, '--to') }),
      };
      const count = Math.min(10_000, positive(textOption(call, 'count') ?? '100', '--count'));
      session.out.answer(await findDeeds(store.read, filter, { count, newestFirst: true }), human);
      return exit.done;
    }),
};
