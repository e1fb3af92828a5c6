import { existsSync, writeSync } from 'node:fs';
import { type CommitPoint, onCommitPoint } from '../../src/commit-point.ts';
import { asFault } from '../../src/fault.ts';
import type { HoldBounds } from '../../src/outbound/feed/feed.ts';
import type { OccurrenceKind } from '../../src/work/occurrences.ts';
import { type Mistake, renderAgain, spoil } from './broken.ts';
import { deliverAll, freezeNew, type Line, openLine } from './line.ts';
import { addOrders } from './orders.ts';
import { dropOf, type ServerDrop } from './server-drop.ts';

/** What a child is told, as JSON on its command line. */
export interface Errand extends ServerDrop {
  url: string;
  spool: string;
  /** The drop's folder as this machine sees it. */
  folder: string;
  leaseMs?: number;
  /** Order ids begin with this. */
  name: string;
  /** Transactions added in each round. */
  orders: number;
  /** How often it adds, freezes and delivers. */
  rounds: number;
  /** What to do when that commit point is reached for the nth time; `wait` until a file of that path is there. */
  at?: { point: CommitPoint; nth: number; end: 'kill' | 'stop' | { wait: string } };
  /** Whether it runs by hand (if nothing is said) or for a due time of the clock, a minute for each round. */
  kind?: OccurrenceKind;
  mistake?: Mistake;
  /** Bounds of its feed: what is over them waits for a person. */
  hold?: HoldBounds;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
const block = (ms: number): void => void Atomics.wait(cell, 0, 0, ms);

const blockUntil = (path: string): void => {
  while (!existsSync(path)) block(5);
};

/** At once, so that it is said also when the process is killed right afterwards. A full pipe says EAGAIN. */
const say = (line: string): void => {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      block(1);
    }
  }
};

const arm = ({ at }: Errand): void => {
  let times = 0;
  onCommitPoint((point) => {
    if (point !== at?.point || ++times !== at.nth) return;
    say(`at ${point}`);
    if (at.end === 'kill') process.kill(process.pid, 'SIGKILL');
    else if (at.end === 'stop') process.kill(process.pid, 'SIGSTOP');
    else blockUntil(at.end.wait);
  });
};

const oneRound = async (line: Line, errand: Errand, round: number): Promise<void> => {
  const orders = Array.from({ length: errand.orders }, (_, n) => `${errand.name}-${round}-${n}`);
  if (orders.length > 0) await addOrders(line.store, orders);
  say(`committed ${orders.join(' ')}`);
  if (errand.mistake === 'renders again') return renderAgain(line, errand.folder);
  const request = errand.kind === 'schedule' ? ({ due: round * 60_000, kind: 'schedule' } as const) : {};
  await freezeNew(line, request, errand.hold);
  await deliverAll(line);
};

const run = async (errand: Errand): Promise<void> => {
  const { url, spool, folder, leaseMs, mistake } = errand;
  const plain = await openLine({ url, spool, drop: dropOf(errand, folder), ...(leaseMs !== undefined && { leaseMs }) });
  const line = spoil(plain, mistake, folder);
  arm(errand);
  say('ready');
  for (let round = 1; round <= errand.rounds; round++) await oneRound(line, errand, round);
  await plain.close();
};

try {
  await run(JSON.parse(process.argv[2] ?? '') as Errand);
} catch (error) {
  const { code, message } = asFault(error, 'run', 'the child');
  say(`fault ${code} ${message}`);
  process.exit(3);
}
