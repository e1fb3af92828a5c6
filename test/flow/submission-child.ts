import { onCommitPoint, type InPoint } from '../../src/commit-point.ts';
import { applySubmission, leaseNameOf } from '../../src/inbound/submission/apply.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSpool } from '../../src/store/spool.ts';
import { acquire, makeHolder } from '../../src/work/leases.ts';
import { conversionType, eventType } from '../inbound/submission/event-type.ts';

/** What a child is told, as JSON on its command line. */
export interface SubmissionErrand {
  url: string;
  spool: string;
  id: number;
  chunkLines: number;
  /** Where it kills itself. */
  at: InPoint;
  /** The event type takes conversions. */
  conversions?: boolean;
}

const { url, spool, id, chunkLines, at, conversions } = JSON.parse(process.argv[2] ?? '') as SubmissionErrand;
const store = await openStore(url, '/');
const lease = await acquire(store, leaseNameOf(eventType.id), makeHolder(), 20_000);
if ('busy' in lease) throw new Error('the lease is taken');
onCommitPoint((point) => {
  if (point === at) process.kill(process.pid, 'SIGKILL');
});
const type = conversions ? conversionType : eventType;
await applySubmission({ store, spool: await openSpool(spool), eventType: type, lease, chunkLines }, id);
process.exit(3);
