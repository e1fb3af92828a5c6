import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { addLedgerFile, type LedgerFileResult } from '../ledger/ledger-file.ts';
import { argument } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { plural, table } from './output.ts';
import { makeProgress } from './progress.ts';
import { withApp } from './wire.ts';

const human = ({ added, unchanged, errors, problems }: LedgerFileResult): string => {
  const sum = `${plural(added, 'transaction')} added, ${unchanged} unchanged, ${plural(errors, 'error')}`;
  if (problems.length === 0) return sum;
  const shown = table(
    problems,
    [
      { title: 'line', text: ({ line }) => String(line), align: 'right' },
      { title: 'column', text: ({ column }) => column ?? '-' },
      { title: 'value', text: ({ value }) => value ?? '-' },
      { title: 'reason', text: ({ reason }) => reason },
    ],
    '',
  );
  return `${shown}\n${sum}${errors > problems.length ? '; the first problems are shown' : ''}`;
};

export const ledgerAdd: CliCommand = {
  name: 'ledger add',
  args: [{ name: '<file>', text: 'CSV with a header' }],
  options: [],
  summary: 'adds the transactions of a CSV file of any size',
  details:
    'Required columns: eventTypeId partner orderId eventDate amount. Names are matched without regard to case; a column ' +
    'that is not known is kept as a custom attribute. A bad row is shown with line, column, value and reason and does ' +
    'not stop the others (exit code 1 at the end). The same file again adds nothing.',
  examples: [
    ['ledger add orders.csv', 'adds what is new in it'],
    ['ledger add orders.csv --json', '{added, unchanged, errors, problems}'],
  ],
  run: (call, session) =>
    withApp(session, async (app) => {
      const { store, settings } = app;
      const path = argument(call, 0);
      const total = statSync(path, { throwIfNoEntry: false })?.size;
      const bar = makeProgress(session.out, 'Adding', 'bytes');
      const options = {
        eventTypes: settings.eventTypes,
        partners: new Set(settings.partners.map(({ name }) => name)),
        progress: ({ bytes }: { bytes: number }) => bar.at(bytes, total),
      };
      const deed = { action: 'transactions.add', object: `file ${basename(path)}` } as const;
      const result = await byHand(app, deed, () => addLedgerFile(store, { path }, options)).finally(bar.end);
      session.out.answer(result, human);
      return result.errors > 0 ? exit.failed : exit.done;
    }),
};
