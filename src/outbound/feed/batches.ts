import type { Knex } from 'knex';
import { cutPage, type Page } from '../../store/page.ts';
import { int, intOrNull, type Row, type Writer } from '../../store/store.ts';
import type { Batch, Companion } from './batch.ts';
import type { Layout } from './layout.ts';
import { lowest, type Membership } from './selection.ts';

const toCompanion = (row: Row): Companion => ({
  kind: row['kind'] as Companion['kind'],
  fileName: String(row['file_name']),
  spool: String(row['spool']),
  bytes: int(row['bytes']),
  sha256: String(row['sha256']),
});

const toBatch = (row: Row, companions: Companion[]): Batch => ({
  id: int(row['id']),
  feed: String(row['feed']),
  kind: row['kind'] as Batch['kind'],
  number: intOrNull(row['number']),
  occurrence: intOrNull(row['due']),
  fromSequence: intOrNull(row['from_sequence']),
  toSequence: intOrNull(row['to_sequence']),
  rows: int(row['row_count']),
  members: String(row['members']),
  membership: JSON.parse(String(row['selection'])) as Membership,
  layout: JSON.parse(String(row['layout'])) as Layout,
  fileName: String(row['file_name']),
  spool: String(row['spool']),
  bytes: int(row['bytes']),
  sha256: String(row['sha256']),
  frozenAt: int(row['frozen_at']),
  expiredAt: intOrNull(row['expired_at']),
  companions,
});

/** Which batches; all of them without a filter. */
export interface BatchFilter {
  feed?: string;
  kind?: Batch['kind'];
  id?: number;
  /** Of one of these. */
  feeds?: readonly string[];
  /** Frozen in this time, half open; milliseconds. */
  from?: number;
  to?: number;
  /** Whose range has this sequence of the journal. */
  over?: number;
}

const narrow = (
  query: Knex.QueryBuilder,
  { feed, kind, id, feeds, from, to, over }: BatchFilter,
): Knex.QueryBuilder => {
  if (feed !== undefined) void query.where('b.feed', feed);
  if (kind !== undefined) void query.where('b.kind', kind);
  if (id !== undefined) void query.where('b.id', id);
  if (feeds) void query.whereIn('b.feed', [...feeds]);
  if (from !== undefined) void query.where('b.frozen_at', '>=', from);
  if (to !== undefined) void query.where('b.frozen_at', '<', to);
  if (over !== undefined) void query.where('b.to_sequence', '>=', over).where('b.lowest_sequence', '<', over);
  return query;
};

/** Oldest first, unless the page says otherwise. */
export const findBatches = async (db: Knex, filter: BatchFilter = {}, page: Page = {}): Promise<Batch[]> => {
  const found = db('batches as b').leftJoin('occurrences as o', 'o.id', 'b.occurrence_id').select('b.*', 'o.due');
  cutPage(narrow(found, filter), 'b.id', page);
  const rows = (await found) as Row[];
  const these =
    page.count === undefined ? narrow(db('batches as b').select('b.id'), filter) : rows.map(({ id }) => int(id));
  const companions = (await db('companions').whereIn('batch_id', these).orderBy('position')) as Row[];
  const byBatch = Map.groupBy(companions, (row) => int(row['batch_id']));
  return rows.map((row) => toBatch(row, (byBatch.get(int(row['id'])) ?? []).map(toCompanion)));
};

/** The feed's newest numbered batch. */
export const lastBatch = async (db: Knex, feed: string): Promise<{ number: number; sha256: string } | undefined> => {
  const row = (await db('batches').where({ feed, kind: 'feed' }).orderBy('number', 'desc').first()) as Row | undefined;
  return row && { number: int(row['number']), sha256: String(row['sha256']) };
};

/** Those of the names that a file or a companion of a batch of that feed already has. */
export const takenNames = async (db: Knex, feed: string, names: readonly string[]): Promise<string[]> => {
  const taken: string[] = [];
  for (let from = 0; from < names.length; from += namesAtOnce) {
    const some = names.slice(from, from + namesAtOnce);
    const own = db('batches').where({ feed }).whereIn('file_name', some).pluck('file_name');
    const batches = db('batches').where({ feed }).select('id');
    const others = db('companions').whereIn('batch_id', batches).whereIn('file_name', some).pluck('file_name');
    taken.push(...((await own) as string[]), ...((await others) as string[]));
  }
  return taken;
};

/** Within what both databases take as parameters of one statement. */
const namesAtOnce = 500;

export type NewBatch = Omit<Batch, 'id' | 'occurrence' | 'expiredAt'> & { occurrenceId: number | null };

/** Writes a batch and its companions; resolves to its id. */
export const insertBatch = async ({ knex }: Writer, batch: NewBatch): Promise<number> => {
  const row = {
    feed: batch.feed,
    kind: batch.kind,
    number: batch.number,
    occurrence_id: batch.occurrenceId,
    from_sequence: batch.fromSequence,
    to_sequence: batch.toSequence,
    lowest_sequence: batch.fromSequence === null ? null : lowest(batch.membership),
    row_count: batch.rows,
    members: batch.members,
    include: batch.membership.include,
    selection: JSON.stringify(batch.membership),
    layout: JSON.stringify(batch.layout),
    file_name: batch.fileName,
    spool: batch.spool,
    bytes: batch.bytes,
    sha256: batch.sha256,
    frozen_at: batch.frozenAt,
  };
  const [added] = (await knex('batches').insert(row, ['id'])) as Row[];
  const id = int(added?.['id']);
  const companions = batch.companions.map(({ fileName, ...companion }, position) => ({
    ...companion,
    batch_id: id,
    position,
    file_name: fileName,
  }));
  if (companions.length > 0) await knex('companions').insert(companions);
  return id;
};

/** Names of all spool files that a batch or a companion refers to and that have not expired. */
export const spoolNamesInUse = async (db: Knex): Promise<Set<string>> => {
  const live = db('batches').whereNull('expired_at');
  const batches = (await live.clone().pluck('spool')) as string[];
  const companions = (await db('companions').whereIn('batch_id', live.clone().select('id')).pluck('spool')) as string[];
  return new Set([...batches, ...companions]);
};

/** Says that the bytes of a batch are no longer in the spool. */
export const markExpired = async ({ knex }: Writer, id: number, now: number): Promise<void> => {
  await knex('batches').where({ id }).whereNull('expired_at').update({ expired_at: now });
};
