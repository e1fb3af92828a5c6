import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { oneLine } from '../../fault.ts';
import { cutPage, type Page } from '../../store/page.ts';
import { int, type Row, type Store } from '../../store/store.ts';

/** Who did something: a person who is signed in, a program with a token, or somebody at the command line. */
export interface Who {
  kind: 'person' | 'token' | 'cli';
  /** A name, as people are listed; for a token its id and name. */
  name: string;
}

/** What a person does. */
export interface Deed {
  who: Who;
  /** The address it comes from; `cli` at the command line. */
  peer: string;
  action: string;
  /** `delivery 12`, `submission 3`. */
  object: string;
}

/**
 * Writes a deed down before it is done; `end` adds what came of it: `done`, or the code of what refused it; and what it was
 * about, where that is known only now.
 */
export const begin = async (
  store: Store,
  { who, peer, action, object }: Deed,
  at: number,
): Promise<{ end: (outcome: string, about?: string) => Promise<void> }> => {
  const named = { who_kind: who.kind, who: oneLine(who.name, 200), peer };
  const row = { at, ...named, action, object: oneLine(object, 300), outcome: 'begun' };
  const [added] = await store.write(async ({ knex }) => (await knex('audit').insert(row, ['id'])) as Row[]);
  const id = int(added?.['id']);
  return {
    end: (outcome, about) =>
      store.write(async ({ knex }) => {
        const known = about === undefined ? {} : { object: oneLine(about, 300) };
        await knex('audit')
          .where({ id })
          .update({ outcome, ...known });
      }),
  };
};

/** A deed that is done. */
export const record = async (store: Store, deed: Deed, now: number, outcome = 'done'): Promise<void> =>
  (await begin(store, deed, now)).end(outcome);

export interface AuditFilter {
  who?: string;
  action?: string;
  /** Milliseconds, half open. */
  from?: number;
  to?: number;
}

/** A line of the audit list as it is shown. */
export const auditLine = (row: Row) => ({
  id: int(row['id']),
  at: isoInstant(int(row['at'])),
  who: String(row['who']),
  by: String(row['who_kind']),
  action: String(row['action']),
  object: String(row['object']),
  outcome: String(row['outcome']),
  from: String(row['peer']),
});
export type AuditLine = ReturnType<typeof auditLine>;

/** A page of the audit list. */
export const findDeeds = async (db: Knex, filter: AuditFilter, page: Page): Promise<AuditLine[]> => {
  const query = db('audit');
  cutPage(query, 'id', page);
  if (filter.who !== undefined) void query.where({ who: filter.who });
  if (filter.action !== undefined) void query.where({ action: filter.action });
  if (filter.from !== undefined) void query.where('at', '>=', filter.from);
  if (filter.to !== undefined) void query.where('at', '<', filter.to);
  return ((await query) as Row[]).map(auditLine);
};
