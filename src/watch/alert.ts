import { isoInstant } from '../clock.ts';
import type { Message } from '../notify/channel.ts';
import type { AlertKind, Cause } from './cause.ts';
import { moment } from './cause.ts';

/** What one cause has come to. Open until its cause is gone. Instants in milliseconds. */
export interface Alert extends Cause {
  id: number;
  openedAt: number;
  endedAt: number | null;
  /** How often its cause came back within `comeBackMs` of its end. */
  reopened: number;
}

/** What one channel knows of an alert. */
export interface Notice {
  alertId: number;
  channel: string;
  /** Grows when an alert whose end was told comes back and is told anew. */
  round: number;
  toldAt: number | null;
  endedToldAt: number | null;
  /** In a row without success. */
  attempts: number;
  nextTryAt: number;
  claim: number;
  lastError: string | null;
}

/** A cause that comes back so soon after its end is the same alert. */
export const comeBackMs = 10 * 60_000;

/** An end that could not be told for so long is not told any more. */
export const forgetMs = 3 * 24 * 3_600_000;

export type Word = 'opened' | 'ended';

/**
 * What a channel is to be told now, if anything. First that an alert is open, then its end, each once. An alert that came
 * back has its next end told only when the cause has stayed away for `comeBackMs`: one that comes and goes is told as
 * open, ended and open again, and then no more until it is over. One that ended before a channel could be told at all is
 * told by its end alone, which says since when it was.
 */
export const wordFor = (alert: Alert, notice: Notice, now: number): Word | undefined => {
  const { endedAt, reopened } = alert;
  if (endedAt === null) return notice.toldAt === null ? 'opened' : undefined;
  if (notice.endedToldAt !== null || now - endedAt > forgetMs) return undefined;
  if (notice.toldAt === null && notice.round > 0) return undefined; // it heard of the end before, and of nothing since
  return reopened === 0 || now - endedAt >= comeBackMs ? 'ended' : undefined;
};

/** What differs between the open alerts and the causes of this moment. */
export interface Turn {
  opened: Cause[];
  /** Open already, and with other words than before (more files, another error): nobody is told of that. */
  changed: { id: number; cause: Cause }[];
  /** Ids. */
  ended: number[];
}

const sameWords = (a: Cause, b: Cause): boolean => a.subject === b.subject && a.text === b.text && a.hint === b.hint;

/** Pure: what becomes of the open alerts. Of causes with the same key the first counts. */
export const compare = (open: readonly Alert[], causes: readonly Cause[]): Turn => {
  const now = new Map(causes.toReversed().map((cause) => [cause.key, cause]));
  const known = new Map(open.map((alert) => [alert.key, alert]));
  return {
    opened: [...now.values()].reverse().filter(({ key }) => !known.has(key)),
    changed: open.flatMap((alert) => {
      const cause = now.get(alert.key);
      return cause && !sameWords(alert, cause) ? { id: alert.id, cause } : [];
    }),
    ended: open.filter(({ key }) => !now.has(key)).map(({ id }) => id),
  };
};

/** An alert as data: in the webhook's `data`, and the base of `nightdrop alerts --json`. */
export const alertData = (alert: Alert) => ({
  id: alert.id,
  kind: alert.kind,
  subject: alert.subject,
  text: alert.text,
  hint: alert.hint,
  openedAt: isoInstant(alert.openedAt),
  endedAt: alert.endedAt === null ? null : isoInstant(alert.endedAt),
});

const idOf = ({ id, openedAt }: Alert, round: number, word: Word): string =>
  `alert-${openedAt.toString(36)}-${id}-${round}-${word}`;

const title = (kind: AlertKind | 'ended' | 'test', subject: string): string => `[Nightdrop] ${kind}: ${subject}`;

/** The words for one channel. The id is the same in every try. */
export const messageOf = (alert: Alert, { round }: Pick<Notice, 'round'>, word: Word): Message => {
  const { id, kind, subject, text, hint, openedAt, endedAt } = alert;
  const message = { id: idOf(alert, round, word), type: `alert.${word}`, data: alertData(alert) };
  const foot = `Alert ${id}; "npx nightdrop alerts" lists what is open.`;
  switch (word) {
    case 'opened': {
      const since = `Since ${moment(openedAt)}${round > 0 ? ' (it had ended, and is there again)' : ''}.`;
      const said = [text, `What to do: ${hint}`, `${since} ${foot}`].join('\n\n');
      return { ...message, at: openedAt, subject: title(kind, subject), text: said };
    }
    case 'ended': {
      const at = endedAt ?? openedAt;
      const said = [`This is no longer so:`, text, `From ${moment(openedAt)} to ${moment(at)}. ${foot}`].join('\n\n');
      return { ...message, at, subject: title('ended', subject), text: said, follows: idOf(alert, round, 'opened') };
    }
    default:
      return word satisfies never;
  }
};

/** For `alerts test`. `tag` makes its id one that was never used. */
export const testMessage = (now: number, tag: string): Message => ({
  id: `test-${now.toString(36)}-${tag}`,
  type: 'alert.test',
  at: now,
  subject: title('test', 'this is a test'),
  text: 'Somebody tries whether alerts reach you. Nothing is wrong.\n\nSent by "npx nightdrop alerts test".',
  data: { test: true },
});
