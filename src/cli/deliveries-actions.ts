import { release, resend, settle } from '../outbound/delivery/actions.ts';
import { deliverNow } from '../outbound/delivery/deliver.ts';
import { findDelivery, showDelivery } from '../outbound/delivery/deliveries.ts';
import { argument, positive, textOption, wrongUse } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { Call, CliCommand, Session } from './command.ts';
import { deliveriesText, isDone } from './delivery-text.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { whileInterruptible } from './interrupt.ts';
import { type App, withApp } from './wire.ts';

const args = [{ name: '<id>', text: 'of the delivery, as "deliveries" lists it' }];

const idOf = (call: Call): number => positive(argument(call, 0), 'the id of a delivery');

const deed = (verb: 'release' | 'resend' | 'settle', id: number) =>
  ({ action: `deliveries.${verb}`, object: `delivery ${id}` }) as const;

/** Shows the delivery as it now is. */
const show = async ({ store }: App, session: Session, id: number): Promise<boolean> => {
  const found = await findDelivery(store.read, id);
  if (found) session.out.answer(showDelivery(found), (line) => deliveriesText([line]));
  return found !== undefined && isDone(found);
};

/** One attempt at once, so that the person sees what comes of it; the service would do the same a moment later. */
const attemptNow = async (app: App, session: Session, id: number): Promise<ExitCode> => {
  await whileInterruptible((signal) => deliverNow(app, { id }, { signal }));
  return (await show(app, session, id)) ? exit.done : exit.failed;
};

export const deliveriesResend: CliCommand = {
  name: 'deliveries resend',
  args,
  options: [],
  summary: 'sends the same batch again: the same bytes under the same name',
  details: 'Looks at the drop first: when the same bytes lie there already nothing is sent, and the exit code is 3.',
  examples: [['deliveries resend 12', 'when the partner has lost the file']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const id = idOf(call);
      const outcome = await byHand(app, deed('resend', id), () => resend(app, id));
      if (outcome === 'pending') return attemptNow(app, session, id);
      session.out.say('The same bytes lie at the drop: nothing to do.');
      await show(app, session, id);
      return exit.nothing;
    }),
};

export const deliveriesRelease: CliCommand = {
  name: 'deliveries release',
  args,
  options: [],
  summary: 'lets a held delivery go on, after a person has looked',
  examples: [['deliveries release 12', 'when the cause is removed, or the partner says the file is not there']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const id = idOf(call);
      await byHand(app, deed('release', id), () => release(app.store, id));
      return attemptNow(app, session, id);
    }),
};

export const deliveriesSettle: CliCommand = {
  name: 'deliveries settle',
  args,
  options: [{ flags: '--reason <text>', text: 'why; kept with the delivery' }],
  summary: 'ends a delivery that a person has seen to in another way',
  examples: [['deliveries settle 12 --reason "sent by mail, ticket 481"', 'frees the files behind it']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const id = idOf(call);
      const reason = textOption(call, 'reason');
      if (reason === undefined) throw wrongUse('deliveries settle', 'no reason is given', 'say why: --reason TEXT');
      await byHand(app, deed('settle', id), () => settle(app.store, id, reason));
      await show(app, session, id);
      return exit.done;
    }),
};
