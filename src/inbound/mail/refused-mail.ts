import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { cutPage, type Page } from '../../store/page.ts';
import { int, type Row, type Writer } from '../../store/store.ts';

/** Mail that was not taken, or a recipient of one. Instants in milliseconds. */
export interface Refusal {
  peer: string;
  helo: string | null;
  /** Null for the null sender, and when it was refused before MAIL. */
  envelopeFrom: string | null;
  /** Null when it was refused before RCPT, or for all recipients. */
  recipient: string | null;
  reason: string;
  /** The SMTP reply code. */
  code: number;
}

export interface RefusedMail extends Refusal {
  id: number;
  /** The first and the last time. */
  at: number;
  lastAt: number;
  times: number;
}

const readRefused = (row: Row): RefusedMail => ({
  id: int(row['id']),
  at: int(row['at']),
  lastAt: int(row['last_at']),
  times: int(row['times']),
  peer: String(row['peer']),
  helo: row['helo'] as string | null,
  envelopeFrom: row['envelope_from'] as string | null,
  recipient: row['recipient'] as string | null,
  reason: String(row['reason']),
  code: int(row['code']),
});

/** Milliseconds: what repeats within this time of the first is the same line. */
const sameLineMs = 3_600_000;

/** One refusal more, in the caller's database transaction: a line, or one time more on the line of the same. */
export const insertRefusal = async ({ knex }: Writer, refusal: Refusal, now: number): Promise<void> => {
  const { peer, helo, envelopeFrom, recipient, reason, code } = refusal;
  const same = { peer, envelope_from: envelopeFrom, recipient, reason, code };
  const since = now - sameLineMs;
  const again = await knex('refused_mail')
    .where(same)
    .where('at', '>', since)
    .where('last_at', '>', since)
    .update({ last_at: now, times: knex.raw('times + 1') });
  if (again === 0) await knex('refused_mail').insert({ ...same, helo, at: now, last_at: now });
};

/** Which lines of refused mail. */
export interface RefusedFilter {
  recipient?: string;
  peer?: string;
  /** Milliseconds, half open, of the first time. */
  from?: number;
  to?: number;
}

/** A page of the lines. */
export const findRefusedMail = async (
  db: Knex,
  { recipient, peer, from, to }: RefusedFilter,
  page: Page,
): Promise<RefusedMail[]> => {
  const query = db('refused_mail');
  if (recipient !== undefined) void query.where({ recipient });
  if (peer !== undefined) void query.where({ peer });
  if (from !== undefined) void query.where('at', '>=', from);
  if (to !== undefined) void query.where('at', '<', to);
  cutPage(query, 'id', page);
  return ((await query) as Row[]).map(readRefused);
};

/** The newest `most` lines, oldest first. */
export const newestRefused = async (db: Knex, most: number): Promise<RefusedMail[]> =>
  ((await db('refused_mail').orderBy('id', 'desc').limit(most)) as Row[]).map(readRefused).reverse();

/** A line as `--json` shows it. */
export const showRefused = ({ at, lastAt, times, peer, helo, envelopeFrom, recipient, code, reason }: RefusedMail) => ({
  ...{ at: isoInstant(at), lastAt: isoInstant(lastAt), times, peer, helo, envelopeFrom, recipient, code, reason },
});
