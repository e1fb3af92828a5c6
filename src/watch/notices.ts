import type { Knex } from 'knex';
import type { Random } from '../clock.ts';
import { nextAttemptAt } from '../outbound/delivery/backoff.ts';
import { int, intOrNull, type Row, type Store, type Writer } from '../store/store.ts';
import type { Notice, Word } from './alert.ts';

const toNotice = (row: Row): Notice => ({
  alertId: int(row['alert_id']),
  channel: String(row['channel']),
  round: int(row['round']),
  toldAt: intOrNull(row['told_at']),
  endedToldAt: intOrNull(row['ended_told_at']),
  attempts: int(row['attempts']),
  nextTryAt: int(row['next_try_at']),
  claim: int(row['claim']),
  lastError: row['last_error'] === null ? null : String(row['last_error']),
});

export const noticesOf = async (db: Knex, alertIds: readonly number[]): Promise<Notice[]> =>
  (
    (await db('alert_notices')
      .whereIn('alert_id', [...alertIds])
      .orderBy(['alert_id', 'channel'])) as Row[]
  ).map(toNotice);

const afresh = { told_at: null, ended_told_at: null, attempts: 0, last_error: null };

/** Every open alert is to be told to every channel; where its end was told it has come back, and is told once more. */
export const planNotices = async ({ knex }: Writer, channels: readonly string[], now: number): Promise<void> => {
  const open = knex('alerts').whereNull('ended_at').select('id');
  await knex('alert_notices')
    .whereIn('alert_id', open.clone())
    .whereNotNull('ended_told_at')
    .update({ ...afresh, round: knex.raw('round + 1'), next_try_at: now });
  const ids = ((await open) as Row[]).map((row) => int(row['id']));
  const rows = ids.flatMap((id) => channels.map((channel) => ({ alert_id: id, channel, next_try_at: now })));
  for (const row of rows) await knex('alert_notices').insert(row).onConflict(['alert_id', 'channel']).ignore();
};

/** How long a try may take before another process may make it anew; longer than the deadline of `notify/send.ts`. */
const claimMs = 40_000;

const one = ({ alertId, channel }: Notice) => ({ alert_id: alertId, channel });

/**
 * Takes the right to tell one channel one thing, before it is told: whoever else tries finds it taken. Undefined when it
 * is, or something was told since. A process that is killed after this leaves it open whether the message was sent; it is
 * sent again, with the same id, when the claim has run out.
 */
export const claimNotice = (store: Store, notice: Notice): Promise<Notice | undefined> =>
  store.write(async (writer) => {
    const now = await writer.now();
    const claim = notice.claim + 1;
    const taken = await writer
      .knex('alert_notices')
      .where({ ...one(notice), claim: notice.claim, round: notice.round })
      .where({ told_at: notice.toldAt, ended_told_at: notice.endedToldAt })
      .where((free) => {
        void free.whereNull('claimed_until').orWhere('claimed_until', '<=', now);
        void free.orWhere('claimed_until', '>', now + 2 * claimMs); // written before the clock was set back
      })
      .update({ claim, claimed_until: now + claimMs });
    return taken === 1 ? { ...notice, claim } : undefined;
  });

/** Writes what came of a try, if no other has begun one since. */
const finish = (store: Store, { claim, ...notice }: Notice, values: object): Promise<void> =>
  store.write(async ({ knex }) => {
    await knex('alert_notices')
      .where({ alert_id: notice.alertId, channel: notice.channel, claim })
      .update({ claimed_until: null, ...values });
  });

export const recordTold = (store: Store, notice: Notice, word: Word, now: number): Promise<void> => {
  const told = word === 'opened' ? { told_at: now } : { ended_told_at: now };
  return finish(store, notice, { ...told, attempts: 0, last_error: null });
};

/** Tried again after a pause that doubles, at most an hour. */
export const recordUntold = (
  store: Store,
  notice: Notice,
  error: string,
  { now, random }: { now: number; random: Random },
): Promise<void> => {
  const attempts = notice.attempts + 1;
  return finish(store, notice, { attempts, next_try_at: nextAttemptAt(attempts, now, random), last_error: error });
};

/** The try was broken off by us; it is made again at once. */
export const giveBack = (store: Store, notice: Notice): Promise<void> => finish(store, notice, {});
