import { type ShownTransaction, showOrder } from '../ledger/ledger-view.ts';
import { argument } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, printable, table } from './output.ts';
import { withApp } from './wire.ts';

const shown = (value: unknown): string =>
  printable(typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value));

const isThere = (value: unknown): boolean =>
  value !== null && !(typeof value === 'object' && Object.keys(value).length === 0);

const one = ({ journal, ...values }: ShownTransaction): string => {
  const there = Object.entries(values).filter(([, value]) => isThere(value));
  const width = Math.max(...there.map(([name]) => name.length));
  const entries = table(
    journal,
    [
      { title: 'sequence', text: (entry) => String(entry.sequence), align: 'right' },
      { title: 'at', text: (entry) => moment(entry.at) },
      { title: 'change', text: (entry) => entry.change },
      { title: 'amount', text: (entry) => entry.amount, align: 'right' },
      { title: 'delta', text: (entry) => entry.delta, align: 'right' },
      { title: 'status', text: (entry) => entry.status },
      { title: 'caused by', text: ({ channel, source, line }) => [channel, source, line].filter(Boolean).join(' ') },
    ],
    '',
  );
  return [...there.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}`), '', entries].join('\n');
};

export const ledgerShow: CliCommand = {
  name: 'ledger show',
  args: [{ name: '<order>', text: 'an orderId' }],
  options: [],
  summary: 'the transactions of an order, each with its journal',
  details: 'Exit code 3 when the ledger has no transaction of that order.',
  examples: [['ledger show S1-000000001', 'the first transaction of the sample']],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const found = await showOrder(store, argument(call, 0));
      session.out.answer(found, (all) => all.map(one).join('\n\n') || 'There is no transaction of that order.');
      return found.length === 0 ? exit.nothing : exit.done;
    }),
};
