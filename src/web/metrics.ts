import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { alertKinds } from '../watch/cause.ts';
import { type Figures, readFigures } from './figures.ts';

/** The figures in Prometheus' text format. prom-client is owned by this file. */
export interface Metrics {
  contentType: string;
  /** Reads the database anew. */
  text(): Promise<string>;
  /** Stops what was started to measure. */
  close(): void;
}

const states = ['pending', 'sending', 'delivered', 'held', 'settled'];

const makeGauges = (registry: Registry) => {
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `nightdrop_${name}`, help, labelNames, registers: [registry] });
  return {
    batches: gauge('batches_frozen', 'Batches frozen so far', ['feed']),
    rows: gauge('rows_frozen', 'Rows in the batches frozen so far', ['feed']),
    deliveries: gauge('deliveries', 'Deliveries by state', ['state']),
    held: gauge('deliveries_held', 'Deliveries that wait for a person'),
    oldest: gauge('oldest_pending_seconds', 'Age of the oldest delivery that is not at its drop; 0 when there is none'),
    alerts: gauge('alerts_open', 'Open alerts by kind', ['kind']),
    lastRun: gauge('feed_last_run_timestamp_seconds', 'When the newest run of a feed ended', ['feed', 'outcome']),
  };
};

const fill = (gauges: ReturnType<typeof makeGauges>, figures: Figures, now: number): void => {
  for (const gauge of Object.values(gauges)) gauge.reset();
  for (const { feed, batches, rows } of figures.batches) {
    gauges.batches.set({ feed }, batches);
    gauges.rows.set({ feed }, rows);
  }
  const counts = new Map(figures.deliveries.map(({ state, count }) => [state, count]));
  for (const state of states) gauges.deliveries.set({ state }, counts.get(state) ?? 0);
  gauges.held.set(counts.get('held') ?? 0);
  gauges.oldest.set(figures.oldestPending === undefined ? 0 : Math.max(0, now - figures.oldestPending) / 1000);
  for (const kind of alertKinds) gauges.alerts.set({ kind }, figures.openAlerts.filter((open) => open === kind).length);
  for (const { feed, at, outcome } of figures.lastRuns) gauges.lastRun.set({ feed, outcome }, at / 1000);
};

/** Beside ours: memory, CPU and the loop's delay of this process. */
export const makeMetrics = (store: Store, clock: Clock): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'nightdrop_' });
  const gauges = makeGauges(registry);
  return {
    contentType: registry.contentType,
    text: async () => {
      fill(gauges, await readFigures(store), clock.now());
      return registry.metrics();
    },
    close: () => registry.clear(),
  };
};
