import { type LogPoint, onCommitPoint } from '../../src/commit-point.ts';
import { findFiles } from '../../src/inbound/mail/found-files.ts';
import { logMessage } from '../../src/inbound/mail/log-message.ts';
import { messagesToLog } from '../../src/inbound/mail/messages.ts';
import { openSpool } from '../../src/store/spool.ts';
import { openStore } from '../../src/store/open-store.ts';

/** What a child is told, as JSON on its command line. */
export interface LogErrand {
  url: string;
  spool: string;
  /** Where it kills itself. */
  at: LogPoint;
}

const { url, spool: folder, at } = JSON.parse(process.argv[2] ?? '') as LogErrand;
const store = await openStore(url, '/');
const spool = await openSpool(folder);
onCommitPoint((point) => {
  if (point === at) process.kill(process.pid, 'SIGKILL');
});
for (const message of await messagesToLog(store.read, 10))
  await logMessage({ store, spool, findFiles: (raw) => findFiles(spool, spool.read(raw)) }, message);
process.exit(3);
