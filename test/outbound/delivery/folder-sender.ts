// Run as a process of its own by `folder-killed.test.ts`: delivers to a folder what is due, and is killed by its first unlink or link.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { systemClock } from '../../../src/clock.ts';
import type { FolderSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { openSpool } from '../../../src/store/spool.ts';
import { openStore } from '../../../src/store/open-store.ts';

export interface FolderSender {
  database: string;
  spool: string;
  spec: FolderSpec;
  killAt: 'link' | 'unlink';
}

const { database, spool, spec, killAt } = JSON.parse(process.argv[2] ?? '') as FolderSender;
const plan = { spec, unknown: 'hold', giveUpAfter: 3_600_000, watchPickup: false } as const;
const ctx = {
  store: await openStore(database, '/'),
  spool: await openSpool(spool),
  drops: new Map([[spec.name, plan]]),
  openDrop,
  clock: systemClock,
  random: () => 1,
  holder: 'sender',
  leaseMs: 1000,
};
fs[killAt] = () => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
syncBuiltinESMExports();
await deliverDue(ctx);
process.exit(0);
