import type { Clock, Random } from '../clock.ts';
import { asFault, Fault } from '../fault.ts';
import type { Log } from '../log.ts';
import type { Channel } from '../notify/channel.ts';
import { send } from '../notify/send.ts';
import type { Store } from '../store/store.ts';
import { assertHeld } from '../work/leases.ts';
import { withLease } from '../work/with-lease.ts';
import { type Alert, forgetMs, messageOf, type Notice, type Word, wordFor } from './alert.ts';
import { recentAlerts, settle } from './alerts.ts';
import { words } from './cause.ts';
import { findCauses, type Sight } from './look.ts';
import { claimNotice, giveBack, noticesOf, planNotices, recordTold, recordUntold } from './notices.ts';

export interface WatchContext extends Sight {
  store: Store;
  clock: Clock;
  random: Random;
  holder: string;
  log: Log;
  channels: readonly Channel[];
}

const leaseMs = 15_000;

/**
 * Finds what is wrong, and opens and ends alerts accordingly. One process at a time: the others find it `busy` and do
 * nothing. Tells nobody.
 */
export const watch = async (ctx: WatchContext): Promise<'done' | 'busy'> => {
  const { store, clock, channels, holder, log } = ctx;
  const held = await withLease(store, 'watch', holder, { leaseMs }, async (lease) => {
    const causes = await findCauses(ctx);
    return store.write(async (writer) => {
      await assertHeld(writer, lease);
      const turn = await settle(writer, causes, clock.now());
      const names = channels.map(({ name }) => name);
      await planNotices(writer, names, clock.now());
      return turn;
    });
  });
  if (held.busy) return 'busy';
  const { opened, ended } = held.result;
  for (const { kind, subject, text, hint } of opened) log.warn({ kind, subject, text, hint }, 'alert');
  for (const { id, kind, subject } of ended) log.info({ alert: id, kind, subject }, 'alert ended');
  return 'done';
};

/** Something that one channel is to be told now. */
interface Errand {
  alert: Alert;
  notice: Notice;
  word: Word;
}

/** By channel, oldest alert first. Cheap when there is nothing. */
const errands = async ({ store, clock }: WatchContext): Promise<Map<string, Errand[]>> => {
  const now = clock.now();
  const alerts = new Map((await recentAlerts(store.read, now - forgetMs)).map((alert) => [alert.id, alert]));
  const notices = alerts.size === 0 ? [] : await noticesOf(store.read, [...alerts.keys()]);
  const due = notices.flatMap((notice): Errand[] => {
    const alert = alerts.get(notice.alertId);
    const word = alert && wordFor(alert, notice, now);
    return alert && word && notice.nextTryAt <= now ? [{ alert, notice, word }] : [];
  });
  return Map.groupBy(due, ({ notice }) => notice.channel);
};

/** The configured channels for which there is something to tell now. */
export const channelsDue = async (ctx: WatchContext): Promise<Channel[]> => {
  const due = await errands(ctx);
  return ctx.channels.filter(({ name }) => due.has(name));
};

/**
 * Tells one channel what it is to know, one thing after another, and leaves it alone after the first failure until the
 * next call. Several processes may do so at the same time: each thing is claimed before it is sent. After `ending`
 * nothing new is told; `abandon` breaks a try off, which is made again by whoever comes next. Rejects when our own
 * database fails.
 */
export const tellChannel = async (
  ctx: WatchContext,
  channel: Channel,
  { ending, abandon }: { ending?: AbortSignal; abandon?: AbortSignal } = {},
): Promise<void> => {
  for (const errand of (await errands(ctx)).get(channel.name) ?? []) {
    if (ending?.aborted || !(await tellOne(ctx, channel, errand, abandon))) return;
  }
};

/** False when it could not be told. */
const tellOne = async (
  { store, clock, random, log }: WatchContext,
  channel: Channel,
  { alert, notice, word }: Errand,
  signal: AbortSignal | undefined,
): Promise<boolean> => {
  const claimed = await claimNotice(store, notice);
  if (!claimed) return true;
  const message = messageOf(alert, claimed, word);
  const sent = await send(channel, message, { now: clock.now(), ...(signal && { signal }) }).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  if ('answer' in sent) {
    await recordTold(store, claimed, word, clock.now());
    log.info({ alert: alert.id, channel: channel.name, word, answer: sent.answer }, 'told');
    return true;
  }
  await (signal?.aborted ? giveBack(store, claimed) : failed({ store, clock, random, log }, claimed, sent.error));
  return false;
};

const failed = async (
  { store, clock, random, log }: Pick<WatchContext, 'store' | 'clock' | 'random' | 'log'>,
  notice: Notice,
  error: unknown,
): Promise<void> => {
  const { reason, hint, code } = asFault(error, 'tell', notice.channel);
  log.warn({ alert: notice.alertId, channel: notice.channel, code, reason, hint }, 'could not tell');
  const said = words(error instanceof Fault ? reason : 'not foreseen');
  await recordUntold(store, notice, said, { now: clock.now(), random });
};
