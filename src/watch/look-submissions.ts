import type { Knex } from 'knex';
import { int, type Row } from '../store/store.ts';
import type { Cause } from './cause.ts';
import { type Arrival, historyMs, missingFiles } from './habit.ts';
import {
  failedSubmissions,
  heldSubmissions,
  inboxCauses,
  type InboxTrouble,
  type SubmissionGroup,
  waitingSubmissions,
} from './submissions.ts';

/** A failed file is told of for so long, unless a good one follows. Milliseconds. */
const failedMs = 7 * 86_400_000;

const toGroup = (rows: readonly Row[]): SubmissionGroup[] => {
  const last = rows.at(-1);
  if (!last) return [];
  const [eventTypeId, id, receivedAt] = [int(last['event_type']), int(last['id']), int(last['received_at'])];
  const error = last['error'] as string | null;
  return [{ eventTypeId, count: rows.length, id, fileName: String(last['file_name']), error, receivedAt }];
};

const columns = ['id', 'event_type', 'file_name', 'error', 'received_at'];

const grouped = async (query: Knex.QueryBuilder): Promise<SubmissionGroup[]> => {
  const rows = (await query.orderBy('id').select(columns)) as Row[];
  return [...Map.groupBy(rows, (row) => int(row['event_type'])).values()].flatMap(toGroup);
};

const failedSince = async (db: Knex, since: number): Promise<SubmissionGroup[]> => {
  const recent = () => db('submissions').where('received_at', '>=', since).andWhere({ check_only: false });
  const good = (await recent()
    .where({ status: 'Complete' })
    .groupBy('event_type')
    .select('event_type')
    .max({ id: 'id' })) as Row[];
  const lastGood = new Map(good.map((row) => [int(row['event_type']), int(row['id'])]));
  const failed = (await recent().where({ status: 'Failed' }).orderBy('id').select(columns)) as Row[];
  const open = failed.filter((row) => int(row['id']) > (lastGood.get(int(row['event_type'])) ?? 0));
  return [...Map.groupBy(open, (row) => int(row['event_type'])).values()].flatMap(toGroup);
};

/** Every zone is whole quarters of an hour from UTC, so each of its days begins with one. Milliseconds. */
const quarterMs = 900_000;

/** The first and the last file of each quarter of an hour: as much as tells each day's first one, in whatever zone. */
const arrivalsSince = async (db: Knex, since: number): Promise<Arrival[]> => {
  const quarter = db.raw(`received_at / ${quarterMs}`);
  const rows = (await db
    .select('event_type', 'good')
    .min({ first: 'received_at' })
    .max({ last: 'received_at' })
    .from(
      db('submissions')
        .where('received_at', '>=', since)
        .whereIn('channel', ['mail', 'inbox'])
        .andWhere({ check_only: false })
        .select('event_type', 'received_at', { quarter })
        .select({ good: db.raw("case when status = 'Failed' then 0 else 1 end") })
        .as('arrivals'),
    )
    .groupBy('event_type', 'quarter', 'good')) as Row[];
  return rows.flatMap((row) =>
    [row['first'], row['last']].map((at) => ({
      eventTypeId: int(row['event_type']),
      receivedAt: int(at),
      good: int(row['good']) === 1,
    })),
  );
};

const inboxTroubles = async (db: Knex): Promise<InboxTrouble[]> =>
  ((await db('inboxes').whereNotNull('failing_since').orderBy('event_type')) as Row[]).map((row) => ({
    eventTypeId: int(row['event_type']),
    place: String(row['place']),
    error: String(row['error']),
    hint: String(row['hint']),
    next: String(row['next']),
    failingSince: int(row['failing_since']),
  }));

export interface SubmissionSight {
  eventTypes: ReadonlyMap<number, { name: string; timezone: string }>;
  /** Of event types that have one. */
  inboxes: { has(eventTypeId: number): boolean };
  /** Milliseconds. */
  late: number;
}

/** What is wrong on the way in. Reads only. */
export const inboundCauses = async (db: Knex, sight: SubmissionSight, now: number): Promise<Cause[]> => {
  const troubles = (await inboxTroubles(db)).filter(({ eventTypeId }) => sight.inboxes.has(eventTypeId));
  const failed = (await failedSince(db, now - failedMs)).filter(({ eventTypeId }) => sight.eventTypes.has(eventTypeId));
  return [
    ...heldSubmissions(await grouped(db('submissions').where({ status: 'Held' }))),
    ...waitingSubmissions(
      await grouped(db('submissions').whereIn('status', ['Queued', 'In Progress'])),
      sight.eventTypes,
    ),
    ...failedSubmissions(failed),
    ...missingFiles(await arrivalsSince(db, now - historyMs), sight.eventTypes, now),
    ...inboxCauses(troubles, sight.late, now),
  ];
};
