import { findDeliveries, showDelivery } from '../outbound/delivery/deliveries.ts';
import type { DeliveryState } from '../outbound/delivery/delivery.ts';
import { oneOf, textOption } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { deliveriesText } from './delivery-text.ts';
import { exit } from './exit-code.ts';
import { withApp } from './wire.ts';

const states: readonly DeliveryState[] = ['pending', 'sending', 'delivered', 'held', 'settled'];

export const deliveries: CliCommand = {
  name: 'deliveries',
  args: [],
  options: [
    { flags: '--feed <name>', text: 'only of this feed' },
    { flags: '--state <state>', text: `only in this state: ${states.join(', ')}` },
  ],
  summary: 'the deliveries: which file to which drop, and how far it has come',
  details:
    'A delivery that is held waits for a person: look at what it says, then release it, settle it, or remove the cause ' +
    'and resend it.',
  examples: [
    ['deliveries', 'all of them, oldest first'],
    ['deliveries --state held', 'what waits for a person'],
    ['deliveries resend 12', 'the same bytes once more'],
  ],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const feed = textOption(call, 'feed');
      const state = textOption(call, 'state');
      const filter = {
        ...(feed === undefined ? {} : { feed }),
        ...(state === undefined ? {} : { states: [oneOf(state, states, '--state')] }),
      };
      session.out.answer((await findDeliveries(store.read, filter)).map(showDelivery), deliveriesText);
      return exit.done;
    }),
};
