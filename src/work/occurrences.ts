import type { Knex } from 'knex';
import { int } from '../store/store.ts';
import type { Writer } from '../store/store.ts';
import { claimLost } from './leases.ts';

/** `schedule`: one due time of the clock. `hand`: a run that a person started. */
export type OccurrenceKind = 'schedule' | 'hand';

/** How an occurrence ended: a batch was frozen, nothing was new, or it was left out (missed). */
export type OccurrenceOutcome = 'frozen' | 'empty' | 'skipped';

/** An occurrence that was claimed and has not ended. Instants in milliseconds. */
export interface UnfinishedOccurrence {
  id: number;
  feed: string;
  due: number;
  kind: OccurrenceKind;
  claim: number;
}

export interface ClaimRequest {
  feed: string;
  /** Milliseconds. */
  due: number;
  kind: OccurrenceKind;
  /** The claim number of the feed's lease. */
  claim: number;
}

/**
 * Claims an occurrence: unique by feed and due time. One that is finished is `done`; one that was left unfinished is
 * taken over with the new claim number. Throws Fault `claim-lost` when a newer claim has it.
 * A run by hand never stands in the way of the clock: its due time is moved on by milliseconds to one that is free and
 * not a whole minute, where the clock's own are.
 */
export const claimOccurrence = async (
  writer: Writer,
  request: ClaimRequest,
): Promise<{ id: number; due: number } | 'done'> => {
  const { knex } = writer;
  const { feed, kind, claim } = request;
  const now = await writer.now();
  for (let due = offMinute(kind, request.due); ; due = offMinute(kind, due + 1)) {
    const row = { feed, due, kind, state: 'claimed', claim, claimed_at: now };
    const added = (await knex('occurrences').insert(row, ['id']).onConflict(['feed', 'due']).ignore()) as Row[];
    if (added[0]) return { id: int(added[0]['id']), due };
    if (kind === 'schedule') return takeOver(writer, request, now);
  }
};

/** Writes down a due time that came and must wait for its run, so that no other process takes it for missed meanwhile. */
export const noteDue = async (writer: Writer, { feed, due }: { feed: string; due: number }): Promise<void> => {
  const noted = { feed, due, kind: 'schedule', state: 'claimed', claim: 0, claimed_at: await writer.now() };
  await writer.knex('occurrences').insert(noted).onConflict(['feed', 'due']).ignore();
};

type Row = Record<string, unknown>;

const offMinute = (kind: OccurrenceKind, due: number): number =>
  kind === 'hand' && due % 60_000 === 0 ? due + 1 : due;

const takeOver = async (
  { knex }: Writer,
  { feed, due, claim }: ClaimRequest,
  now: number,
): Promise<{ id: number; due: number } | 'done'> => {
  const found = (await knex('occurrences').where({ feed, due }).forUpdate().first('id', 'state', 'claim')) as Row;
  if (found['state'] === 'finished') return 'done';
  if (int(found['claim']) > claim) throw claimLost(`${feed} due ${new Date(due).toISOString()}`);
  const id = int(found['id']);
  await knex('occurrences').where({ id }).update({ claim, claimed_at: now });
  return { id, due };
};

/** Claims anew an occurrence that an earlier claim left unfinished. Throws Fault `claim-lost` when it is no longer there to take. */
export const resumeOccurrence = async (writer: Writer, { id, claim }: { id: number; claim: number }): Promise<void> => {
  const count = await writer
    .knex('occurrences')
    .where({ id, state: 'claimed' })
    .andWhere('claim', '<=', claim)
    .update({ claim, claimed_at: await writer.now() });
  if (count !== 1) throw claimLost(`occurrence ${id}`);
};

/** The feed's occurrences that were claimed and not finished, in order of due time. */
export const unfinishedOccurrences = async (db: Knex, feed: string): Promise<UnfinishedOccurrence[]> => {
  const rows = (await db('occurrences').where({ feed, state: 'claimed' }).orderBy('due')) as Row[];
  return rows.map((row) => ({
    id: int(row['id']),
    feed,
    due: int(row['due']),
    kind: row['kind'] as OccurrenceKind,
    claim: int(row['claim']),
  }));
};

/** Ends an occurrence. Throws Fault `claim-lost` when it is not ours any more, or was finished before. */
export const finishOccurrence = async (
  writer: Writer,
  { id, claim }: { id: number; claim: number },
  outcome: OccurrenceOutcome,
): Promise<void> => {
  const count = await writer
    .knex('occurrences')
    .where({ id, claim, state: 'claimed' })
    .update({ state: 'finished', outcome, finished_at: await writer.now() });
  if (count !== 1) throw claimLost(`occurrence ${id}`);
};

/** Records due times that will not be run. One that is known already stays as it is. */
export const recordSkipped = async (
  writer: Writer,
  { feed, dues, claim }: { feed: string; dues: number[]; claim: number },
): Promise<void> => {
  if (dues.length === 0) return;
  const now = await writer.now();
  const ended = { state: 'finished', outcome: 'skipped', claimed_at: now, finished_at: now };
  const rows = dues.map((due) => ({ feed, due, kind: 'schedule', claim, ...ended }));
  await writer.knex('occurrences').insert(rows).onConflict(['feed', 'due']).ignore();
};

/** The last due time of the clock that was claimed or skipped for that feed; runs by hand do not count. */
export const lastDue = async (db: Knex, feed: string): Promise<number | undefined> => {
  const row = (await db('occurrences').where({ feed, kind: 'schedule' }).max({ due: 'due' }).first()) as
    Row | undefined;
  return row?.['due'] === null || row?.['due'] === undefined ? undefined : int(row['due']);
};

/** The newest due time of that feed that was claimed, left out or run by hand. */
export const lastSeen = async (db: Knex, feed: string): Promise<number | undefined> => {
  const row = (await db('occurrences').where({ feed }).max({ due: 'due' }).first()) as Row | undefined;
  return row?.['due'] === null || row?.['due'] === undefined ? undefined : int(row['due']);
};
