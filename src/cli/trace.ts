import { traceOrder, type TraceEvent } from '../watch/trace.ts';
import { argument } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, printable } from './output.ts';
import { withApp } from './wire.ts';

const line = ({ at, what, ...rest }: TraceEvent): string => {
  const facts = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  const shown = facts.map(([name, value]) => `${name} ${printable(String(value))}`);
  return `${moment(at)}  ${what.padEnd(10)}  ${shown.join(', ')}`;
};

export const trace: CliCommand = {
  name: 'trace',
  args: [{ name: '<order>', text: 'an orderId' }],
  options: [],
  summary: 'everything that touched an order: journal, submissions, batches, deliveries, in order',
  details: 'Exit code 3 when nothing is known of that order.',
  examples: [['trace S1-000000001', 'which file it is in, and when the partner got it']],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const events = (await traceOrder(store, argument(call, 0))).map(({ event }) => event);
      session.out.answer(events, (all) => all.map(line).join('\n') || 'Nothing is known of that order.');
      return events.length === 0 ? exit.nothing : exit.done;
    }),
};
