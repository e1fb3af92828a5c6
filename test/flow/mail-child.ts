import { type MailPoint, onCommitPoint } from '../../src/commit-point.ts';
import { systemClock } from '../../src/clock.ts';
import { openListener } from '../../src/inbound/mail/listener.ts';
import { silentLog } from '../../src/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSpool } from '../../src/store/spool.ts';
import { judgeNobody, rules } from '../inbound/mail/listener-parts.ts';

/** What a child is told, as JSON on its command line. */
export interface MailErrand {
  url: string;
  spool: string;
  /** Where it kills itself; null: never. */
  at: MailPoint | null;
}

const { url, spool, at } = JSON.parse(process.argv[2] ?? '') as MailErrand;
const store = await openStore(url, '/');
onCommitPoint((point) => {
  if (point === at) process.kill(process.pid, 'SIGKILL');
});
const context = { store, spool: await openSpool(spool), clock: systemClock, log: silentLog };
const { port } = await openListener({ host: '127.0.0.1', port: 0 }, rules, {
  ...context,
  ...{ judgeSender: judgeNobody, onAccepted: () => undefined },
});
process.stdout.write(`${port}\n`);
