import { onTestFinished } from 'vitest';
import type { JobContext } from '../../jobs/job.ts';
import { makeRaiseAlerts } from '../../jobs/raise-alerts.ts';
import { fixedClock } from '../../src/clock.ts';
import { makeLog } from '../../src/log.ts';
import type { Channel } from '../../src/notify/channel.ts';
import { webhookChannel } from '../../src/notify/channel.ts';
import { Secret } from '../../src/secret.ts';
import { int, type Row, type Store } from '../../src/store/store.ts';
import { listAlerts } from '../../src/watch/alert-line.ts';
import { due, makeContext } from '../feeds.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';

export const minute = 60_000;

let batches = 0;

/** A batch with one delivery, written by hand. Resolves to the delivery's id. */
export const addDelivery = (store: Store, changes: Row = {}): Promise<number> =>
  store.write(async ({ knex }) => {
    const number = ++batches;
    const feed = changes['feed'] ?? 'acme-nightly';
    const filler = { row_count: 1, members: '', include: 'new', selection: '{}', layout: '{}', kind: 'feed' };
    const file = { file_name: `acme_${number}.csv`, spool: 'x', bytes: 1, sha256: '', frozen_at: due };
    const [batch] = (await knex('batches').insert({ feed, number, ...filler, ...file }, ['id'])) as Row[];
    const plain = { feed, drop_name: 'acme-sftp', ordering: 'strict', state: 'pending', created_at: due };
    const row = { ...plain, batch_id: int(batch?.['id']), next_attempt_at: due, ...changes };
    const [added] = (await knex('deliveries').insert(row, ['id'])) as Row[];
    return int(added?.['id']);
  });

export const setDeliveries = (store: Store, values: Row, where: Row = {}): Promise<void> =>
  store.write(async ({ knex }) => void (await knex('deliveries').where(where).update(values)));

export const hostKey = {
  state: 'held',
  error: 'connect acme-sftp: another host key',
  hint: 'compare',
  error_code: 'host-key',
};

/** What a receiver was told, in short: `opened acme-sftp: held (host-key)`. */
export const toldTo = ({ received }: Receiver): string[] =>
  received.map(({ body }) => {
    const { type, data } = JSON.parse(body) as { type: string; data: { subject: string } };
    return `${type.replace('alert.', '')} ${data.subject}`;
  });

export const newReceiver = async (): Promise<Receiver> => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
};

export const channelTo = ({ url }: Receiver): Channel => webhookChannel(new Secret(url));

/** The job with a clock that we move, and one webhook unless others are given. */
export const makeStage = async (store: Store, channels: Channel[], changes: Partial<JobContext> = {}) => {
  const clock = fixedClock(due);
  const ending = new AbortController();
  const lines: Record<string, unknown>[] = [];
  const log = makeLog('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const delivering = { drops: new Map(), openDrop: () => Promise.reject(new Error('not here')), random: () => 1 };
  const context: JobContext = {
    ...(await makeContext(store, clock)),
    ...delivering,
    ...{ feeds: [], channels, late: 30 * minute, keepBatchFiles: 1, log, graceMs: 1 },
    ...{ ending: ending.signal, abandon: ending.signal, ...changes },
  };
  const job = makeRaiseAlerts();
  /** One wake-up, `later` ms after the last. */
  const wake = async (later = 30_000): Promise<void> => {
    clock.advance(later);
    await job.run(context);
    await job.idle?.();
  };
  const alerts = (all = true) => listAlerts(store.read, { all });
  return { clock, context, job, wake, alerts, ending, lines };
};
