import { systemClock } from '../../src/clock.ts';
import { openListener } from '../../src/inbound/mail/listener.ts';
import { judgeSender } from '../../src/inbound/mail/judge-sender.ts';
import { openResolver } from '../../src/inbound/mail/resolver.ts';
import { silentLog } from '../../src/log.ts';
import { openSpool } from '../../src/store/spool.ts';
import { openStore } from '../../src/store/open-store.ts';
import { watchLoop } from './loop-delay.ts';

/** The mail listener in a process of its own: prints its port, and at the end of its input memory and loop delay. */
const [folder = ''] = process.argv.slice(2);
const store = await openStore(`sqlite:${folder}/bench.db`, folder);
const spool = await openSpool(`${folder}/spool`);
const limits = {
  ...{ connections: 300, connectionsPerPeer: 300, recipients: 100, idle: 60_000 },
  ...{ senderHourly: 1_000_000, addressHourly: 1_000_000 },
};
const eventType = { eventTypeId: 4521, timezone: 'UTC', senders: ['*@brand.example'], authentication: 'off' } as const;
const resolver = openResolver();
let accepted = 0;
const listener = await openListener(
  { host: '127.0.0.1', port: 0 },
  {
    ...{ domain: 'submit.example.test', maxSize: 25 * 1024 ** 2, limits },
    eventTypes: [{ ...eventType, addresses: [{ local: 'sale' }] }],
  },
  {
    ...{ store, spool, clock: systemClock, log: silentLog, onAccepted: () => void accepted++ },
    judgeSender: (mail, rules) => judgeSender(mail, rules, { resolver }),
  },
);
const delay = watchLoop();
process.stdout.write(`${listener.port}\n`);
process.stdin.resume().once('end', () => {
  const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(`${JSON.stringify({ ...delay.end(), rssMb, accepted })}\n`);
  void listener.close(1000).then(() => store.close());
});
