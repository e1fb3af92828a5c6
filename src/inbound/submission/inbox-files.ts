import type { Knex } from 'knex';
import { type Entry, placeOf } from '../../drop/drop.ts';
import { type Fault, oneLine } from '../../fault.ts';
import { int, intOrNull, type Row, type Store, type Writer } from '../../store/store.ts';
import { type Inbox, modifiedOf, type SeenFile } from './inbox.ts';

/** How long a file that is no longer there is remembered: lists fail, and files come back. Milliseconds. */
const goneMs = 30 * 86_400_000;

const readSeen = (row: Row): SeenFile => ({
  id: int(row['id']),
  name: String(row['name']),
  bytes: int(row['bytes']),
  modifiedAt: intOrNull(row['modified_at']),
  goneAt: intOrNull(row['gone_at']),
  sha256: row['sha256'] as string | null,
  submissionId: intOrNull(row['submission_id']),
  takenBytes: intOrNull(row['taken_bytes']),
  takenModifiedAt: intOrNull(row['taken_modified_at']),
});

const here = ({ eventTypeId, spec }: Inbox) => ({ event_type: eventTypeId, place: placeOf(spec) });

/** What is remembered of an inbox's files, by name. */
export const seenFiles = async (db: Knex, inbox: Inbox): Promise<Map<string, SeenFile>> => {
  const rows = (await db('inbox_files').where(here(inbox))) as Row[];
  return new Map(rows.map((row) => [String(row['name']), readSeen(row)]));
};

/** How a file looks now: it is taken when it looks the same the next time. Where it was removed once, it is a new one. */
export const rememberLook = async ({ knex }: Writer, inbox: Inbox, entry: Entry, now: number): Promise<void> => {
  const key = { ...here(inbox), name: entry.name };
  const look = { bytes: entry.bytes, modified_at: modifiedOf(entry), seen_at: now, gone_at: null };
  await knex('inbox_files')
    .insert({ ...key, ...look })
    .onConflict(['event_type', 'place', 'name'])
    .merge(look);
};

/** A file was taken as this submission; in the database transaction that writes the submission. */
export const rememberTaken = async (
  { knex }: Writer,
  { id }: SeenFile,
  taken: { sha256: string; submissionId: number; entry: Entry },
): Promise<void> => {
  const { sha256, submissionId, entry } = taken;
  const as = { taken_bytes: entry.bytes, taken_modified_at: modifiedOf(entry) };
  await knex('inbox_files')
    .where({ id })
    .update({ sha256, submission_id: submissionId, ...as });
};

/** We have removed the file ourselves. */
export const forgetRemoved = async ({ knex }: Writer, { id }: SeenFile): Promise<void> =>
  void (await knex('inbox_files').where({ id }).delete());

/** Of files that are not there any more: forgotten at once where we remove them, and after a while where we do not. */
export const rememberGone = async (
  { knex }: Writer,
  inbox: Inbox,
  gone: readonly SeenFile[],
  now: number,
): Promise<void> => {
  const ids = gone.filter(({ goneAt }) => goneAt === null).map(({ id }) => id);
  for (let from = 0; from < ids.length; from += 500) {
    const query = knex('inbox_files').whereIn('id', ids.slice(from, from + 500));
    await (inbox.remove ? query.delete() : query.update({ gone_at: now }));
  }
  await knex('inbox_files')
    .where({ event_type: inbox.eventTypeId })
    .andWhere('gone_at', '<', now - goneMs)
    .delete();
};

/** Whether an inbox is to be looked at now. A look in the future was written before the clock was set back. */
export const isPollDue = async (db: Knex, inbox: Inbox, now: number): Promise<boolean> => {
  const row = (await db('inboxes').where({ event_type: inbox.eventTypeId }).first()) as Row | undefined;
  if (!row || row['place'] !== placeOf(inbox.spec)) return true;
  const at = int(row['polled_at']);
  return at > now || now - at >= inbox.every;
};

/** Notes that an inbox was looked at, and why that failed, if it did: the first failure in a row says since when. */
export const notePoll = (store: Store, inbox: Inbox, now: number, fault?: Fault): Promise<void> =>
  store.write(async ({ knex }) => {
    const { event_type, place } = here(inbox);
    const before = (await knex('inboxes').where({ event_type, place }).first('failing_since')) as Row | undefined;
    const trouble = fault
      ? { error: oneLine(fault.message), hint: fault.hint, next: fault.next }
      : { error: null, hint: null, next: null };
    const since = fault ? (intOrNull(before?.['failing_since']) ?? now) : null;
    const row = { place, polled_at: now, ...trouble, failing_since: since };
    await knex('inboxes')
      .insert({ event_type, ...row })
      .onConflict('event_type')
      .merge(row);
  });
