import { findUnmatched, type UnmatchedConversion } from '../inbound/submission/unmatched.ts';
import { positive, textOption } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, table } from './output.ts';
import { withApp } from './wire.ts';

const said = ({ conversion }: UnmatchedConversion, name: string): string => {
  const value = conversion[name];
  return typeof value === 'string' ? value : '-';
};

const unmatchedText = (all: readonly UnmatchedConversion[]): string =>
  table(
    all,
    [
      { title: 'order', text: (one) => one.orderId },
      { title: 'event type', text: (one) => String(one.eventType), align: 'right' },
      { title: 'amount', text: (one) => said(one, 'amount'), align: 'right' },
      { title: '', text: (one) => said(one, 'currency') },
      { title: 'event date', text: (one) => said(one, 'eventDate') },
      { title: 'kept at', text: (one) => moment(one.at) },
      { title: 'submission', text: (one) => String(one.submission), align: 'right' },
      { title: 'file', text: (one) => one.fileName },
      { title: 'line', text: (one) => String(one.line), align: 'right' },
    ],
    'No conversion waits for a partner.',
  );

export const submissionsUnmatched: CliCommand = {
  name: 'submissions unmatched',
  args: [],
  options: [{ flags: '--event-type <id>', text: 'only of this event type' }],
  summary: 'conversions that name no partner and were kept, oldest first',
  details:
    'Their lines have the outcome ACTION_REF_NOT_FOUND. Once an order is sent again with a MediaPartnerId it is created and ' +
    'leaves this list.',
  examples: [['submissions unmatched --json', 'with all that the lines said']],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const eventType = textOption(call, 'eventType');
      const id = eventType === undefined ? undefined : positive(eventType, '--event-type');
      session.out.answer(await findUnmatched(store.read, id === undefined ? {} : { eventTypeId: id }), unmatchedText);
      return exit.done;
    }),
};
