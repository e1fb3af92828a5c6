// Run as a process of its own by `openssh.test.ts`: delivers what is due, and is killed at a commit point.
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
  killAt: CommitPoint;
}

const { database, spool, sftp, killAt } = JSON.parse(process.argv[2] ?? '') as Sender;
const { keyFile, ...server } = sftp;
const key = new Secret(readFileSync(keyFile, 'utf8'));
const options = { folder: '/in', concurrency: 16, stepTimeout: 5000, replace: false };
const plan = { unknown: 'hold', giveUpAfter: 3_600_000, watchPickup: false } as const;
onCommitPoint((point) => void (point === killAt && process.kill(process.pid, 'SIGKILL')));
await deliverDue({
  store: await openStore(database, '/'),
  spool: await openSpool(spool),
  drops: new Map([['acme', { ...plan, spec: { kind: 'sftp', name: 'acme', key, ...server, ...options } }]]),
  openDrop,
  clock: systemClock,
  random: () => 1,
  holder: 'sender',
  leaseMs: 1000,
});
process.exit(0);
