// Run as a process of its own by `openssh.test.ts` and `straight.test.ts`: delivers what is due, and is killed at a commit point.
import { readFileSync } from 'node:fs';
import { systemClock } from '../../../src/clock.ts';
import { type CommitPoint, onCommitPoint } from '../../../src/commit-point.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { Secret } from '../../../src/secret.ts';
import { openSpool } from '../../../src/store/spool.ts';
import { openStore } from '../../../src/store/open-store.ts';

export interface Sender {
  database: string;
  spool: string;
  sftp: { host: string; port: number; user: string; keyFile: string; hostKeys: string[] };
  /** `half`: when the drop has taken half of a file. */
  killAt: CommitPoint | 'half';
  /** Which time that point is reached; the first if nothing is said. */
  nth?: number;
  /** Whether the drop can rename; it can if nothing is said. */
  rename?: boolean;
}

const { database, spool, sftp, killAt, nth = 1, rename = true } = JSON.parse(process.argv[2] ?? '') as Sender;
const { keyFile, ...server } = sftp;
const key = new Secret(readFileSync(keyFile, 'utf8'));
const options = { folder: '/in', concurrency: 4, stepTimeout: 5000, replace: false, rename };
const plan = { unknown: 'hold', giveUpAfter: 3_600_000, watchPickup: false } as const;
let times = 0;
const at = (point: string) => void (point === killAt && ++times === nth && process.kill(process.pid, 'SIGKILL'));
onCommitPoint(at);
await deliverDue({
  store: await openStore(database, '/'),
  spool: await openSpool(spool),
  drops: new Map([['acme', { ...plan, spec: { kind: 'sftp', name: 'acme', key, ...server, ...options } }]]),
  openDrop,
  clock: systemClock,
  random: () => 1,
  holder: 'sender',
  leaseMs: 1000,
  progress: (_delivery, _file, bytes, total) => void (bytes * 2 >= total && bytes < total && at('half')),
});
process.exit(0);
