import type { Spool } from '../../store/spool.ts';
import { int, type Row, type Store } from '../../store/store.ts';

const atATime = 100;

/** Lines of refused mail that are kept at most, however fast they come. */
export const mostRefusedLines = 50_000;

/**
 * Lets go of the raw bytes of mails that came before `before` (milliseconds) and are logged, at most 100 at a time; who
 * sent what and what became of it stays. Resolves to how many.
 */
export const expireMessages = async (store: Store, spool: Spool, before: number, now: number): Promise<number> => {
  const rows = (await store
    .read('messages')
    .whereNotNull('logged_at')
    .whereNull('expired_at')
    .where('received_at', '<', before)
    .orderBy('received_at')
    .limit(atATime)
    .select('id', 'spool')) as Row[];
  for (const row of rows) {
    // First the word, then the deed: a crash in between leaves a file that the sweep finds.
    const count = await store.write(({ knex }) =>
      knex('messages').where({ id: row['id'] }).whereNull('expired_at').update({ expired_at: now }),
    );
    if (count > 0) await spool.remove(String(row['spool']));
  }
  return rows.length;
};

/** Forgets refused mail whose last time was before `before`, and what goes beyond the newest `most` lines. */
export const forgetRefusals = async (
  store: Store,
  before: number,
  most: number = mostRefusedLines,
): Promise<number> => {
  const [oldest] = (await store.read('refused_mail').orderBy('id', 'desc').offset(most).limit(1).select('id')) as Row[];
  const upTo = oldest ? int(oldest['id']) : 0;
  return store.write(({ knex }) =>
    knex('refused_mail').where('last_at', '<', before).orWhere('id', '<=', upTo).delete(),
  );
};
