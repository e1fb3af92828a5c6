import { systemClock } from '../../src/clock.ts';
import { onCommitPoint, type ReplyPoint } from '../../src/commit-point.ts';
import { sendReplies } from '../../src/inbound/mail/send-replies.ts';
import type { Replying } from '../../src/inbound/mail/send-replies.ts';
import { silentLog } from '../../src/log.ts';
import { openSpool } from '../../src/store/spool.ts';
import { openStore } from '../../src/store/open-store.ts';

/** What a child is told, as JSON on its command line. */
export interface ReplyErrand {
  url: string;
  spool: string;
  replying: Omit<Replying, 'rules'>;
  /** By event type. */
  rules: [number, { reply: 'summary'; authentication: 'record'; name: string }][];
  /** Where it kills itself. */
  at: ReplyPoint;
}

const { url, spool: folder, replying, rules, at } = JSON.parse(process.argv[2] ?? '') as ReplyErrand;
const store = await openStore(url, '/');
const spool = await openSpool(folder);
const never = new AbortController().signal;
onCommitPoint((point) => {
  if (point === at) process.kill(process.pid, 'SIGKILL');
});
await sendReplies({
  ...{ store, spool, clock: systemClock, random: Math.random, log: silentLog, ending: never, abandon: never },
  replying: { ...replying, rules: new Map(rules) },
});
process.exit(3);
