import type { Knex } from 'knex';
import type { Fault, Next } from '../../fault.ts';
import type { Row, Store } from '../../store/store.ts';
import { int } from '../../store/store.ts';

/** Why a feed's last run did not come to its end. */
export interface FeedTrouble {
  feed: string;
  error: string;
  hint: string;
  code: string;
  next: Next;
  /** When it began to fail in this way, milliseconds. */
  since: number;
}

/** Notes why a feed could not run; `since` stays while it fails in the same way. */
export const noteTrouble = (store: Store, feed: string, fault: Fault, now: number): Promise<void> =>
  store.write(async ({ knex }) => {
    const { message: error, hint, code, next } = fault;
    const before = (await knex('feed_troubles').where({ feed }).first()) as Row | undefined;
    const since = before?.['code'] === code ? int(before['since']) : now;
    await knex('feed_troubles').insert({ feed, error, hint, code, next, since }).onConflict('feed').merge();
  });

/** The feed runs again. Costs a read when there was nothing. */
export const clearTrouble = async (store: Store, feed: string): Promise<void> => {
  if (!(await store.read('feed_troubles').where({ feed }).first('feed'))) return;
  await store.write(async ({ knex }) => void (await knex('feed_troubles').where({ feed }).delete()));
};

export const feedTroubles = async (db: Knex): Promise<FeedTrouble[]> =>
  ((await db('feed_troubles').orderBy('feed')) as Row[]).map((row) => ({
    feed: String(row['feed']),
    error: String(row['error']),
    hint: String(row['hint']),
    code: String(row['code']),
    next: row['next'] as Next,
    since: int(row['since']),
  }));
