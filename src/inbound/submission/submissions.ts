import type { Knex } from 'knex';
import { cutPage, type Page } from '../../store/page.ts';
import { int, intOrNull, type Row, type Writer } from '../../store/store.ts';
import { appliedOutcomes, type OutcomeCounts } from './outcome.ts';
import type { Reading } from './reading.ts';
import {
  type Channel,
  duplicateOf,
  type Earlier,
  type MessagePart,
  type Submission,
  type SubmissionStatus,
  type SubmissionType,
} from './submission.ts';

const messageOf = (row: Row): MessagePart | null =>
  row['message_id'] === null
    ? null
    : { messageId: int(row['message_id']), recipient: String(row['recipient']), part: String(row['part']) };

/** SQLite keeps a boolean as 0 or 1, which may come as a bigint. */
const bool = (value: unknown): boolean => value === true || Number(value) === 1;

const readSubmission = (row: Row): Submission => ({
  id: int(row['id']),
  eventTypeId: int(row['event_type']),
  channel: row['channel'] as Channel,
  sender: row['sender'] as string | null,
  message: messageOf(row),
  fileName: String(row['file_name']),
  spool: String(row['spool']),
  resultSpool: row['result_spool'] as string | null,
  bytes: int(row['bytes']),
  sha256: String(row['sha256']),
  check: bool(row['check_only']),
  status: row['status'] as SubmissionStatus,
  type: row['type'] as SubmissionType | null,
  error: row['error'] as string | null,
  duplicateOf: intOrNull(row['duplicate_of']),
  receivedAt: int(row['received_at']),
  completedAt: intOrNull(row['completed_at']),
  expiredAt: intOrNull(row['expired_at']),
  claim: int(row['claim']),
  releases: int(row['releases']),
  position: int(row['position']),
  reading: row['reading'] === null ? null : (JSON.parse(String(row['reading'])) as Reading),
  notes: JSON.parse(String(row['notes'])) as string[],
  outcomes: JSON.parse(String(row['outcomes'])) as OutcomeCounts,
  reverses: bool(row['reverses']),
  modifies: bool(row['modifies']),
});

/** A file that has come in and lies in the spool. */
export type NewSubmission = Pick<
  Submission,
  'eventTypeId' | 'channel' | 'sender' | 'message' | 'fileName' | 'spool' | 'bytes' | 'sha256' | 'check'
> & {
  /** Why it is not read at all, in sentences: then it is `Failed` from the beginning. */
  failure?: string | null;
};

/** One acceptance at a time on PostgreSQL, so that two of the same bytes cannot both be the first. SQLite has one writer anyway. */
const acceptanceLock = 'select pg_advisory_xact_lock(20260, 4)';

const earlierThan = async (knex: Knex, { eventTypeId, sha256 }: NewSubmission): Promise<Earlier[]> => {
  const rows = (await knex('submissions')
    .where({ event_type: eventTypeId, sha256 })
    .orderBy('id')
    .select('id', 'status', 'check_only', 'errors')) as Row[];
  return rows.map((row) => ({
    id: int(row['id']),
    status: row['status'] as SubmissionStatus,
    check: bool(row['check_only']),
    errors: int(row['errors']),
  }));
};

/** With what status a file begins: a dry run is never a duplicate. */
const beginningOf = async (
  knex: Knex,
  received: NewSubmission,
): Promise<{ status: SubmissionStatus; duplicate_of: number | null; error: string | null }> => {
  const { failure = null, check } = received;
  if (failure !== null) return { status: 'Failed', duplicate_of: null, error: failure };
  const original = check ? undefined : duplicateOf(await earlierThan(knex, received));
  return { status: original === undefined ? 'Queued' : 'Duplicate', duplicate_of: original ?? null, error: null };
};

/**
 * Writes a received file down, in the caller's database transaction: `Queued`, `Failed` where it is not read at all, or
 * `Duplicate` of an earlier one (a dry run never is one). Resolves to its id; the ids grow in order of acceptance. All
 * files of one message go into one database transaction.
 */
export const insertSubmission = async (writer: Writer, received: NewSubmission): Promise<number> => {
  const { knex, raw } = writer;
  if (raw.kind === 'postgres') await raw.client.query(acceptanceLock);
  const { eventTypeId, channel, sender, message, fileName, spool, bytes, sha256, check } = received;
  const beginning = await beginningOf(knex, received);
  const now = await writer.now();
  const [row] = (await knex('submissions').insert(
    {
      ...{ event_type: eventTypeId, channel, sender, file_name: fileName, spool, bytes, sha256, check_only: check },
      ...{ message_id: message?.messageId ?? null, recipient: message?.recipient ?? null, part: message?.part ?? null },
      ...{ ...beginning, received_at: now, completed_at: beginning.status === 'Queued' ? null : now },
      ...{ notes: '[]', outcomes: '{}' },
    },
    ['id'],
  )) as Row[];
  return int(row?.['id']);
};

export const findSubmission = async (db: Knex, id: number): Promise<Submission | undefined> => {
  const row = (await db('submissions').where({ id }).first()) as Row | undefined;
  return row && readSubmission(row);
};

export interface SubmissionFilter {
  eventTypeId?: number;
  status?: SubmissionStatus;
  type?: SubmissionType;
  channel?: Channel;
  sender?: string;
  /** Of senders that begin and end so. */
  senderParts?: { begin: string; end: string };
  /** Dry runs only, or none of them. */
  check?: boolean;
  /** Of one of these. */
  eventTypeIds?: readonly number[];
  /** Received in this time, half open; milliseconds. */
  from?: number;
  to?: number;
}

const likePattern = ({ begin, end }: { begin: string; end: string }): string =>
  `${begin.replace(/[%_!]/, '!$&')}%${end.replaceAll(/[%_!]/g, '!$&')}`;

const narrow = (query: Knex.QueryBuilder, filter: SubmissionFilter): Knex.QueryBuilder => {
  const { eventTypeId, status, type, channel, sender, senderParts, check, eventTypeIds, from, to } = filter;
  if (eventTypeId !== undefined) void query.where({ event_type: eventTypeId });
  if (status !== undefined) void query.where({ status });
  if (type !== undefined) void query.where({ type });
  if (channel !== undefined) void query.where({ channel });
  if (sender !== undefined) void query.where({ sender });
  if (senderParts) void query.whereRaw("sender like ? escape '!'", [likePattern(senderParts)]);
  if (check !== undefined) void query.where({ check_only: check });
  if (eventTypeIds) void query.whereIn('event_type', [...eventTypeIds]);
  if (from !== undefined) void query.where('received_at', '>=', from);
  if (to !== undefined) void query.where('received_at', '<', to);
  return query;
};

/** Oldest first, unless the page says otherwise. */
export const findSubmissions = async (
  db: Knex,
  filter: SubmissionFilter = {},
  page: Page = {},
): Promise<Submission[]> => {
  const ids = narrow(db('submissions').select('id'), filter);
  cutPage(ids, 'id', page);
  // Whole rows of the page only: where no index gives the order of the ids, only they are sorted.
  const rows = (await db('submissions')
    .whereIn('id', ids)
    .orderBy('id', page.newestFirst ? 'desc' : 'asc')) as Row[];
  return rows.map(readSubmission);
};

/** What waits for its turn or was begun. Literally, as the index `submissions_unfinished` says it. */
const unfinished = (db: Knex) => db('submissions').whereRaw("status in ('Queued', 'In Progress')");

/** Event types of which a submission waits. */
export const waitingEventTypes = async (db: Knex): Promise<number[]> =>
  ((await unfinished(db).distinct('event_type').orderBy('event_type')) as Row[]).map((row) => int(row['event_type']));

/** The first of an event type that waits, in order of acceptance. */
export const nextSubmission = async (db: Knex, eventTypeId: number): Promise<Submission | undefined> => {
  const row = (await unfinished(db).where({ event_type: eventTypeId }).orderBy('id').first()) as Row | undefined;
  return row && readSubmission(row);
};

/**
 * The newest submission behind this one that has changed something of the same event type. One look into an index: the
 * counts hold only outcomes that some line had.
 */
export const newestThatApplied = async (
  db: Knex,
  { id, eventTypeId }: Pick<Submission, 'id' | 'eventTypeId'>,
): Promise<Submission | undefined> => {
  const row = (await db('submissions')
    .where({ event_type: eventTypeId, check_only: false })
    .andWhere('id', '>', id)
    .andWhere((any) => appliedOutcomes.forEach((code) => void any.orWhere('outcomes', 'like', `%"${code}":%`)))
    .orderBy('id', 'desc')
    .first()) as Row | undefined;
  return row && readSubmission(row);
};

/** The first submission behind a dry run that is of the same bytes and was meant. */
export const importOf = async (
  db: Knex,
  { id, eventTypeId, sha256 }: Pick<Submission, 'id' | 'eventTypeId' | 'sha256'>,
): Promise<number | undefined> => {
  const same = db('submissions').where({ event_type: eventTypeId, sha256, check_only: false });
  const row = (await same.andWhere('id', '>', id).orderBy('id').first('id')) as Row | undefined;
  return row && int(row['id']);
};

/** Files that must stay in the spool. */
export const submissionSpoolNames = async (db: Knex): Promise<Set<string>> => {
  const rows = (await db('submissions').whereNull('expired_at').select('spool', 'result_spool')) as Row[];
  return new Set(
    rows.flatMap((row) => [row['spool'], row['result_spool']]).filter((name) => name !== null) as string[],
  );
};
