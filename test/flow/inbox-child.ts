import { systemClock } from '../../src/clock.ts';
import { onCommitPoint } from '../../src/commit-point.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import type { Inbox } from '../../src/inbound/submission/inbox.ts';
import { pollInbox } from '../../src/inbound/submission/poll-inbox.ts';
import { openSpool } from '../../src/store/spool.ts';
import { openStore } from '../../src/store/open-store.ts';
import { makeHolder } from '../../src/work/leases.ts';

/** What a child is told, as JSON on its command line: it is killed when the first file's submission is committed. */
export interface InboxErrand {
  url: string;
  spool: string;
  inbox: Inbox;
}

const { url, spool, inbox } = JSON.parse(process.argv[2] ?? '') as InboxErrand;
onCommitPoint((point) => {
  if (point === 'in 3 taken') process.kill(process.pid, 'SIGKILL');
});
const ctx = { store: await openStore(url, '/'), spool: await openSpool(spool), clock: systemClock };
await pollInbox({ ...ctx, openDrop, holder: makeHolder() }, inbox, new AbortController().signal);
process.exit(3);
