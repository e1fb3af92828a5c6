import type { Knex } from 'knex';
import { Fault } from '../../fault.ts';
import { int, type Row, type Store } from '../../store/store.ts';
import type { FileKind } from './mapping.ts';
import type { MappedColumn, SavedMapping } from './saved-mapping.ts';

const columnsIn = (row: Row): MappedColumn[] => JSON.parse(String(row['columns'])) as MappedColumn[];

const toMapping = (row: Row): SavedMapping => ({
  id: int(row['id']),
  eventTypeId: int(row['event_type']),
  kind: row['kind'] as FileKind,
  name: String(row['name']),
  columns: columnsIn(row),
  savedBy: String(row['saved_by']),
  savedAt: int(row['saved_at']),
});

/** Which saved mappings; all of them without a filter. */
export interface MappingFilter {
  id?: number;
  eventTypeId?: number;
  /** Of one of these. */
  eventTypeIds?: readonly number[];
  kind?: FileKind;
}

/** Newest first. */
export const findMappings = async (db: Knex, filter: MappingFilter = {}): Promise<SavedMapping[]> => {
  const query = db('saved_mappings').orderBy([
    { column: 'saved_at', order: 'desc' },
    { column: 'id', order: 'desc' },
  ]);
  if (filter.id !== undefined) void query.where({ id: filter.id });
  if (filter.eventTypeId !== undefined) void query.where({ event_type: filter.eventTypeId });
  if (filter.eventTypeIds) void query.whereIn('event_type', [...filter.eventTypeIds]);
  if (filter.kind !== undefined) void query.where({ kind: filter.kind });
  return ((await query) as Row[]).map(toMapping);
};

/** So that a list of them stays one that people can read. */
const mostOfAKind = 200;

const refuseMore = async (knex: Knex, { eventTypeId, kind, name }: NewMapping): Promise<void> => {
  const others = knex('saved_mappings').where({ event_type: eventTypeId, kind }).whereNot({ name });
  const row = (await others.count({ n: '*' }).first()) as Row | undefined;
  if (int(row?.['n'] ?? 0) < mostOfAKind) return;
  throw new Fault({
    operation: 'save',
    object: `the mapping "${name}"`,
    reason: `there are ${mostOfAKind} of event type ${eventTypeId} already`,
    hint: 'delete those that nobody uses any more, or save under the name of one of them',
    next: 'refuse',
    code: 'too-many-mappings',
  });
};

export type NewMapping = Omit<SavedMapping, 'id'>;

/** Saves a mapping, in place of one of that name. Fault `too-many-mappings` (refuse). */
export const saveMapping = (store: Store, mapping: NewMapping): Promise<SavedMapping> =>
  store.write(async ({ knex }) => {
    await refuseMore(knex, mapping);
    const { eventTypeId, kind, name, columns, savedBy, savedAt } = mapping;
    const values = { columns: JSON.stringify(columns), saved_by: savedBy, saved_at: savedAt };
    const [row] = (await knex('saved_mappings')
      .insert({ event_type: eventTypeId, kind, name, ...values })
      .onConflict(['event_type', 'kind', 'name'])
      .merge(values)
      .returning('*')) as Row[];
    return toMapping(row ?? {});
  });

/** False when there was none. */
export const deleteMapping = (store: Store, id: number): Promise<boolean> =>
  store.write(async ({ knex }) => (await knex('saved_mappings').where({ id }).delete()) > 0);

/** The columns that a mapped file was made from. */
export interface UsedMapping {
  submissionId: number;
  eventTypeId: number;
  kind: FileKind;
  columns: MappedColumn[];
}

/** As many as later files may learn from. */
const usesKept = 50;

/** Notes what a mapped file was made from; of an event type and kind the newest are kept. */
export const noteUse = (store: Store, { submissionId, eventTypeId, kind, columns }: UsedMapping): Promise<void> =>
  store.write(async ({ knex }) => {
    const of = { event_type: eventTypeId, kind };
    await knex('used_mappings').insert({ submission_id: submissionId, ...of, columns: JSON.stringify(columns) });
    const kept = knex('used_mappings').where(of).orderBy('submission_id', 'desc').limit(usesKept);
    const ids = ((await kept.select('submission_id')) as Row[]).map((row) => int(row['submission_id']));
    await knex('used_mappings')
      .where(of)
      .where('submission_id', '<', Math.min(...ids))
      .delete();
  });

const toUse = (row: Row): UsedMapping => ({
  submissionId: int(row['submission_id']),
  eventTypeId: int(row['event_type']),
  kind: row['kind'] as FileKind,
  columns: columnsIn(row),
});

/** What a mapped file was made from; undefined for one that was not mapped here, or long ago. */
export const findUse = async (db: Knex, submissionId: number): Promise<UsedMapping | undefined> => {
  const row = (await db('used_mappings').where({ submission_id: submissionId }).first()) as Row | undefined;
  return row && toUse(row);
};

/** What earlier files of the event type were made from, newest first. */
export const findUses = async (db: Knex, eventTypeId: number, kind: FileKind): Promise<UsedMapping[]> => {
  const rows = db('used_mappings').where({ event_type: eventTypeId, kind }).orderBy('submission_id', 'desc');
  return ((await rows) as Row[]).map(toUse);
};
