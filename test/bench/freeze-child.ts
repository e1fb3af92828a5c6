import { systemClock } from '../../src/clock.ts';
import type { Feed } from '../../src/outbound/feed/feed.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSpool } from '../../src/store/spool.ts';
import { makeHolder } from '../../src/work/leases.ts';
import { watchLoop } from './loop-delay.ts';

/** One freeze in a process of its own, so that its memory can be told: prints milliseconds, rows, the highest RSS and the loop delay. */
const { url, folder, feed } = JSON.parse(process.argv[2] ?? '{}') as { url: string; folder: string; feed: Feed };

const store = await openStore(url, folder);
const spool = await openSpool(`${folder}/spool-${store.kind}`);
const ctx = { store, spool, clock: systemClock, holder: makeHolder() };
const delay = watchLoop();
const start = performance.now();
const { batch } = await runFeed(ctx, feed, { due: systemClock.now(), kind: 'hand' });
const ms = performance.now() - start;
const { p99, max } = delay.end();
if (!batch) throw new Error('nothing was frozen');
await spool.remove(batch.spool);
await store.close();
const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify({ ms, rows: batch.rows, bytes: batch.bytes, rssMb, p99, max }));
