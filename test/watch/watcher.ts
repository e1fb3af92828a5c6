import { systemClock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import { webhookChannel } from '../../src/notify/channel.ts';
import { Secret } from '../../src/secret.ts';
import { openStore } from '../../src/store/open-store.ts';
import { channelsDue, tellChannel, watch } from '../../src/watch/watch.ts';
import { makeHolder } from '../../src/work/leases.ts';

/** A process that watches and tells, as fast as it can, until nothing has been open for a while or it is killed. */
const [database = '', webhook = '', rounds = '1'] = process.argv.slice(2);

const store = await openStore(database, '/');
const context = {
  ...{ store, clock: systemClock, random: Math.random, holder: makeHolder(), log: silentLog },
  ...{
    feeds: [],
    drops: new Map(),
    eventTypes: new Map(),
    inboxes: new Map(),
    late: 1_800_000,
    channels: [webhookChannel(new Secret(webhook))],
  },
};
process.stdout.write('ready\n');
for (let round = 0; round < Number(rounds); round++) {
  await watch(context);
  for (const channel of await channelsDue(context)) await tellChannel(context, channel);
  await new Promise((next) => setTimeout(next, 5));
}
await store.close();
process.exit(0); // fetch keeps its connection for a while
