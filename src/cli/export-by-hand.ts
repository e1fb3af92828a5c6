import { deliverNow } from '../outbound/delivery/deliver.ts';
import { findDeliveries, showDelivery } from '../outbound/delivery/deliveries.ts';
import type { Delivery } from '../outbound/delivery/delivery.ts';
import type { Batch } from '../outbound/feed/batch.ts';
import { findBatches } from '../outbound/feed/batches.ts';
import { exported } from '../outbound/feed/exported.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import { runFeed } from '../outbound/feed/run.ts';
import { Fault } from '../fault.ts';
import { isDone } from './delivery-text.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { exportedText } from './export-text.ts';
import { whileInterruptible } from './interrupt.ts';
import { type Output, plural } from './output.ts';
import { makeProgress } from './progress.ts';
import { type App, refuseWrongHistory } from './wire.ts';

/** As long as another run of the feed may take before we stop waiting for it. */
const patienceMs = 600_000;

const stillBusy = (feed: string): Fault =>
  new Fault({
    operation: 'export',
    object: feed,
    reason: 'another run of it is under way and did not end',
    hint: 'try again when it has',
    next: 'retry',
    code: 'busy',
  });

/** Commit points 1 to 4, by hand. The newest batch that came of it, if any. */
const freezeNow = async (app: App, feed: Feed, out: Output, signal: AbortSignal): Promise<Batch | undefined> => {
  const bar = makeProgress(out, `Writing ${feed.name}`, 'rows');
  const onWait = (what: string) => {
    bar.end();
    out.say(`Waiting for ${what}`);
  };
  const request = { due: app.clock.now(), kind: 'hand', waitMs: patienceMs, signal, onWait, progress: bar.at } as const;
  const { outcome, batch, resumed } = await runFeed(app, feed, request).finally(bar.end);
  if (outcome === 'busy') throw stillBusy(feed.name);
  return batch ?? resumed.at(-1);
};

/** Commit points 5 and 6 for everything of these that is not at its drop yet. */
export const deliverWithBar = async (
  app: App,
  filter: { feed?: string; batchId?: number },
  out: Output,
  signal: AbortSignal,
): Promise<Delivery[]> => {
  const bar = makeProgress(out, 'Sending', 'bytes');
  const progress = (_delivery: Delivery, _file: string, bytes: number, total: number) => bar.at(bytes, total);
  const onWait = ({ dropName, holder }: Delivery) => out.say(`Waiting for a delivery to ${dropName} (${holder ?? ''})`);
  return deliverNow({ ...app, progress }, filter, { signal, onWait }).finally(bar.end);
};

const batchOf = async (app: App, deliveries: readonly Delivery[]): Promise<Batch | undefined> => {
  const id = deliveries.at(-1)?.batchId;
  return id === undefined ? undefined : (await findBatches(app.store.read, { id }))[0];
};

/** With those of the batch that was made for which no attempt was: they began held, or wait behind what is held. */
const withUntried = async (app: App, tried: readonly Delivery[], made: Batch | undefined): Promise<Delivery[]> => {
  const own = made ? await findDeliveries(app.store.read, { batchId: made.id }) : [];
  return [...tried, ...own.filter(({ id }) => !tried.some((one) => one.id === id))];
};

/** `export FEED`: what the clock would do now, with its deliveries. */
export const exportByHand = (app: App, feed: Feed, out: Output): Promise<ExitCode> =>
  whileInterruptible(async (signal) => {
    await refuseWrongHistory(app.store, app.settings);
    const made = await freezeNow(app, feed, out, signal);
    const tried = await deliverWithBar(app, { feed: feed.name }, out, signal);
    const batch = made ?? (await batchOf(app, tried));
    const held = await findDeliveries(app.store.read, { feed: feed.name, states: ['held'] });
    if (held.length > 0)
      out.say(
        `${plural(held.length, 'delivery', 'deliveries')} held for a person: npx nightdrop deliveries --state held`,
      );
    const deliveries = await withUntried(app, tried, made);
    out.answer(exported(feed, batch, deliveries.map(showDelivery)), exportedText);
    if (!batch) return exit.nothing;
    return deliveries.every(isDone) ? exit.done : exit.failed;
  });
