import { applyOrWait } from '../../src/inbound/submission/apply-queue.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSpool } from '../../src/store/spool.ts';
import { eventType } from '../inbound/submission/event-type.ts';
import { watchLoop } from './loop-delay.ts';

/** One submission applied by a process of its own, as the service does it: prints milliseconds (of the clock and of the processors), memory and loop delay. */
const { url, spool: folder, id } = JSON.parse(process.argv[2] ?? '{}') as { url: string; spool: string; id: number };

const store = await openStore(url, '/');
const spool = await openSpool(folder);
const delay = watchLoop();
const cpu = process.cpuUsage();
const start = performance.now();
const { status } = await applyOrWait({ store, spool }, eventType, id, { signal: new AbortController().signal });
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
const { p99, max } = delay.end();
await store.close();
const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify({ ms, cpuMs: (user + system) / 1000, rssMb, status, p99, max }));
