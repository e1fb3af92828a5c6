import type { Knex } from 'knex';
import { cutPage, type Page } from '../store/page.ts';
import { int, intOrNull, type Row, type Writer } from '../store/store.ts';
import { type Alert, comeBackMs, compare } from './alert.ts';
import type { AlertKind, Cause } from './cause.ts';

const toAlert = (row: Row): Alert => ({
  id: int(row['id']),
  key: String(row['key']),
  kind: row['kind'] as AlertKind,
  subject: String(row['subject']),
  text: String(row['text']),
  hint: String(row['hint']),
  openedAt: int(row['opened_at']),
  endedAt: intOrNull(row['ended_at']),
  reopened: int(row['reopened']),
});

/** Oldest first. */
export const openAlerts = async (db: Knex): Promise<Alert[]> =>
  ((await db('alerts').whereNull('ended_at').orderBy('id')) as Row[]).map(toAlert);

/** Ended ones too, oldest first. */
export const allAlerts = async (db: Knex): Promise<Alert[]> =>
  ((await db('alerts').orderBy('id')) as Row[]).map(toAlert);

/** A page of the alerts: open ones only, or of one kind. */
export const findAlerts = async (
  db: Knex,
  { open, kind }: { open?: boolean; kind?: AlertKind },
  page: Page,
): Promise<Alert[]> => {
  const query = db('alerts');
  if (open) void query.whereNull('ended_at');
  if (kind !== undefined) void query.where({ kind });
  cutPage(query, 'id', page);
  return ((await query) as Row[]).map(toAlert);
};

/** Those of which somebody may still have to be told: the open ones, and those that ended after `since` (milliseconds). */
export const recentAlerts = async (db: Knex, since: number): Promise<Alert[]> => {
  const wanted = db('alerts').whereNull('ended_at').orWhere('ended_at', '>', since).orderBy('id');
  return ((await wanted) as Row[]).map(toAlert);
};

const wordsOf = ({ subject, text, hint }: Cause) => ({ subject, text, hint });

/** The same alert again when its cause is back soon after it had ended; otherwise a new one. */
const openAlert = async ({ knex }: Writer, cause: Cause, now: number): Promise<void> => {
  const last = (await knex('alerts').where({ key: cause.key }).orderBy('id', 'desc').first()) as Row | undefined;
  const endedAt = last === undefined ? null : intOrNull(last['ended_at']);
  if (last && endedAt !== null && now - endedAt < comeBackMs) {
    const again = { ended_at: null, reopened: int(last['reopened']) + 1, ...wordsOf(cause) };
    await knex('alerts').where({ id: last['id'] }).update(again);
  } else {
    await knex('alerts').insert({ key: cause.key, kind: cause.kind, ...wordsOf(cause), opened_at: now });
  }
};

/** How long ended alerts are kept. Milliseconds. */
const keptMs = 365 * 24 * 3_600_000;

const forgetOld = async ({ knex }: Writer, now: number): Promise<void> => {
  const old = knex('alerts').where('ended_at', '<', now - keptMs);
  await knex('alert_notices').whereIn('alert_id', old.clone().select('id')).delete();
  await old.delete();
};

/**
 * Opens, changes and ends alerts so that the open ones are the causes of this moment. The caller holds the lease of the
 * watch, or two processes would answer each other. Resolves to what changed.
 */
export const settle = async (
  writer: Writer,
  causes: readonly Cause[],
  now: number,
): Promise<{ opened: Cause[]; ended: Alert[] }> => {
  const open = await openAlerts(writer.knex);
  const turn = compare(open, causes);
  for (const cause of turn.opened) await openAlert(writer, cause, now);
  for (const { id, cause } of turn.changed) await writer.knex('alerts').where({ id }).update(wordsOf(cause));
  if (turn.ended.length > 0) await forgetOld(writer, now);
  if (turn.ended.length > 0) await writer.knex('alerts').whereIn('id', turn.ended).update({ ended_at: now });
  return { opened: turn.opened, ended: open.filter(({ id }) => turn.ended.includes(id)) };
};
