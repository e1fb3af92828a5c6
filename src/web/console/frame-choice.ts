import { readInstant } from '../../ledger/read-instant.ts';
import type { Feed } from '../../outbound/feed/feed.ts';
import type { TimeFrame } from '../../outbound/feed/time-frame.ts';
import { instantOf, localTime } from '../../zoned-time.ts';

/** What somebody has chosen to export: texts, as a form or an address holds them. */
export interface FrameChoice {
  /** `2026-11-20T00:00`, by the clock of the feed's zone. */
  from: string;
  to: string;
  by: TimeFrame['by'];
  /** Of those that the feed's selection names; empty for all of them. */
  campaigns: string[];
}

const two = (n: number): string => String(n).padStart(2, '0');

const midnight = (zone: string, at: number): string => {
  const { year, month, day } = localTime(zone, at);
  return `${year}-${two(month)}-${two(day)}T00:00`;
};

const dayMs = 86_400_000;

/** What a form says; where it says nothing, yesterday in the feed's zone. Pure. */
export const choiceIn = (form: URLSearchParams, { timezone, selection }: Feed, now: number): FrameChoice => ({
  from: form.get('from') ?? midnight(timezone, now - dayMs),
  to: form.get('to') ?? midnight(timezone, now),
  by: form.get('by') === 'event' ? 'event' : 'created',
  campaigns: form.getAll('campaign').filter((one) => selection.campaigns?.includes(one) === true),
});

/** The reading of a clock as an instant; undefined for what is no date and time. In the hour that comes twice the first. */
const instantIn = (text: string, zone: string): number | undefined => {
  const shown = readInstant(`${text}Z`);
  if (shown === undefined) return undefined;
  const date = new Date(shown);
  return instantOf(zone, {
    ...{ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() },
    ...{ hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() },
  });
};

/** The frame that is chosen, or why it is none, in a sentence. Pure. */
export const frameIn = (
  { from, to, by }: FrameChoice,
  { timezone }: Feed,
): { frame: TimeFrame } | { wrong: string } => {
  const [start, end] = [instantIn(from, timezone), instantIn(to, timezone)];
  if (start === undefined) return { wrong: 'From is not a date and time.' };
  if (end === undefined) return { wrong: 'To is not a date and time.' };
  return start < end ? { frame: { by, from: start, to: end } } : { wrong: 'To is not after From.' };
};
