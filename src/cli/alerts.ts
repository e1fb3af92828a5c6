import { listAlerts } from '../watch/alert-line.ts';
import { alertsText } from './alert-text.ts';
import { flag } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { withApp } from './wire.ts';

export const alerts: CliCommand = {
  name: 'alerts',
  args: [],
  options: [{ flags: '--all', text: 'those that have ended too' }],
  summary: 'what needs a person: held deliveries, late files, files nobody picks up, feeds that cannot run',
  details:
    'There is one alert for each cause, however many files it concerns; it ends by itself when its cause is gone. The ' +
    'service (serve, part "work") looks four times a minute, and tells each channel under "alerts" in nightdrop.yaml once ' +
    'that an alert is open and once that it has ended.',
  examples: [
    ['alerts', 'what is open now'],
    ['alerts --all --json', 'as [{id, kind, subject, text, hint, openedAt, endedAt, told}]'],
    ['alerts test', 'whether the channels work'],
  ],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      session.out.answer(await listAlerts(store.read, { all: flag(call, 'all') }), alertsText);
      return exit.done;
    }),
};
