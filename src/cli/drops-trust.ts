import { userInfo } from 'node:os';
import { readFingerprint, showTrust, trust } from '../outbound/delivery/trust.ts';
import { suggestion } from '../settings/suggest.ts';
import { argument, wrongUse } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { plural } from './output.ts';
import { withApp } from './wire.ts';

const fingerprintOf = (text: string): string => {
  const read = readFingerprint(text);
  if (read !== undefined) return read;
  throw wrongUse(`"${text}"`, 'it is not a fingerprint', 'write SHA256: and 43 characters, as the error shows it');
};

export const dropsTrust: CliCommand = {
  name: 'drops trust',
  args: [
    { name: '<drop>', text: 'a drop of one of the partners' },
    { name: '<fingerprint>', text: 'SHA256:… of the host key, or of the certificate of an FTPS drop' },
  ],
  options: [],
  summary: 'trusts a new key of a drop, and releases the deliveries that were held for it',
  details:
    'Only after the partner has confirmed the fingerprint. It is refused, with exit code 1, unless the server shows that ' +
    'key now. The key counts beside those of the configuration, for this host and port only, from the next attempt on ' +
    'and in every process. It is recorded with time and user; "drops" shows it.',
  examples: [['drops trust acme-sftp SHA256:…', 'the fingerprint as the held delivery and the partner say it']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const name = argument(call, 0);
      const fingerprint = fingerprintOf(argument(call, 1));
      const plan = app.settings.drops.get(name);
      if (!plan)
        throw wrongUse(`the drop "${name}"`, 'there is no such drop', suggestion(name, [...app.settings.drops.keys()]));
      const done = await byHand(app, { action: 'drops.trust', object: `drop ${name}` }, async () => {
        const shown = await app.shownKeys(plan.spec);
        return trust(app, plan, { fingerprint, shown, by: userInfo().username });
      });
      session.out.answer(showTrust(done), ({ drop, host, port, type, released }) =>
        [
          `${drop} now trusts ${fingerprint} (${type}) at ${host}:${port}.`,
          `${plural(released.length, 'held delivery', 'held deliveries')} released: sent by the service, or now by export.`,
        ].join('\n'),
      );
      return exit.done;
    }),
};
