import { addSample } from '../ledger/sample.ts';
import type { Batch } from '../outbound/feed/batch.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import { forgetOtherDatabases } from '../outbound/feed/high-water.ts';
import { runFeed } from '../outbound/feed/run.ts';
import { nextDue } from '../work/due.ts';
import { withLease } from '../work/with-lease.ts';
import type { App } from './wire.ts';

/** Enough to look at, little enough to be there at once. */
const sampleSize = 2000;

const soonest = (feeds: readonly Feed[], now: number): Feed | undefined => {
  const due = ({ schedule: cron, timezone }: Feed) => nextDue({ cron, timezone }, now) ?? Infinity;
  return feeds.filter((feed) => !feed.retired).toSorted((a, b) => due(a) - due(b))[0];
};

/**
 * `sample: true`: where the ledger is empty, adds sample transactions and runs the feed that is due first, so that a
 * newcomer sees a file within seconds; what the spool remembers of another database does not count then. Once: a ledger that holds anything is left alone. Resolves to the batch made.
 */
export const loadSampleOnce = async (app: App): Promise<Batch | undefined> => {
  const { store, settings, clock, holder } = app;
  const { eventTypes, feeds } = settings;
  const partners = settings.partners.map(({ name }) => name);
  const load = async (): Promise<Batch | undefined> => {
    if (await store.read('journal').first('sequence')) return undefined;
    if (partners.length === 0 || eventTypes.size === 0) return undefined;
    const begunAnew = await forgetOtherDatabases(
      app,
      feeds.map(({ name }) => name),
    );
    if (begunAnew.length > 0)
      app.log.info(
        { feeds: begunAnew },
        "the spool is another database's, and the ledger is empty: these feeds begin anew",
      );
    await addSample(store, { count: sampleSize, seed: '1', partners, eventTypes: [...eventTypes.values()], clock });
    app.log.info({ transactions: sampleSize }, 'the sample ledger was loaded');
    const feed = soonest(feeds, clock.now());
    return feed && (await runFeed(app, feed, { due: clock.now(), kind: 'hand' })).batch;
  };
  const done = await withLease(store, 'first-sample', holder, { leaseMs: 15_000, waitMs: 30_000 }, load);
  return done.busy ? undefined : done.result;
};
