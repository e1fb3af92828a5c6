import { randomBytes } from 'node:crypto';
import { freshLocal, freshLocalBytes } from '../inbound/mail/addresses.ts';
import { textOption } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { eventTypeNamed } from './submit.ts';
import { readSettings } from './wire.ts';

export const address: CliCommand = {
  name: 'address',
  args: [],
  options: [{ flags: '--event-type <id>', text: 'begins it with the code of this event type' }],
  summary: 'prints a fresh address that nobody can guess, for an event type',
  details:
    'Nothing is changed: write the part before the @ into event-types/ID.yaml, as address. To change an address without ' +
    'losing mail, list both for a while: address: [{ local: NEW }, { local: OLD, until: "2026-12-31" }]; then reload the ' +
    'service (SIGHUP).',
  examples: [['address --event-type 4521', 'for example online-sale-8m2k0v7qx4t1zc5n']],
  run: async (call, session) => {
    const settings = await readSettings(session);
    const id = textOption(call, 'eventType');
    const word = id === undefined ? '' : eventTypeNamed({ settings }, id).code;
    const local = freshLocal(word, randomBytes(freshLocalBytes));
    const whole = settings.mail ? `${local}@${settings.mail.domain}` : null;
    session.out.answer({ local, address: whole }, () => whole ?? local);
    return exit.done;
  },
};
