import type { Knex } from 'knex';
import { int, intOrNull, type Row, type Store } from '../../store/store.ts';
import { type Addressee, giveUpMs, mostAnHour, nextTryAt, type ReplyKind } from './reply.ts';

/** The answer to a mail for one of its recipients. Instants in milliseconds. */
export interface Reply {
  messageId: number;
  recipient: string;
  kind: ReplyKind;
  /** Who gets it; null: nobody, and `withheld` says why. */
  address: string | null;
  withheld: string | null;
  createdAt: number;
  sentAt: number | null;
  /** When it was tried for so long in vain that it is not tried any more. */
  givenUpAt: number | null;
  attempts: number;
  claim: number;
  lastError: string | null;
}

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));

const readReply = (row: Row): Reply => ({
  messageId: int(row['message_id']),
  recipient: String(row['recipient']),
  kind: row['kind'] as ReplyKind,
  address: textOrNull(row['address']),
  withheld: textOrNull(row['withheld']),
  createdAt: int(row['created_at']),
  sentAt: intOrNull(row['sent_at']),
  givenUpAt: intOrNull(row['given_up_at']),
  attempts: int(row['attempts']),
  claim: int(row['claim']),
  lastError: textOrNull(row['last_error']),
});

/** A recipient of a mail whose files are all done, about which nothing is decided. */
export interface Unanswered {
  messageId: number;
  recipient: string;
  eventTypeId: number;
  refusal: string | null;
}

/** Mail older than this is not answered any more, milliseconds: an event type may begin to answer at any time. */
const oldestMs = 3 * 24 * 3_600_000;

/** What may be answered now, of these event types, oldest first, at most `most`. */
export const unanswered = async (
  db: Knex,
  eventTypeIds: readonly number[],
  { now, most }: { now: number; most: number },
): Promise<Unanswered[]> => {
  if (eventTypeIds.length === 0) return [];
  const sameRow = (table: string) =>
    db(`${table} as x`).whereRaw('x.message_id = r.message_id and x.recipient = r.recipient');
  const rows = (await db('message_recipients as r')
    .join('messages as m', 'm.id', 'r.message_id')
    .where('m.received_at', '>', now - oldestMs)
    .whereNotNull('m.logged_at')
    .whereIn('r.event_type', [...eventTypeIds])
    .whereNotExists(sameRow('replies'))
    .whereNotExists(sameRow('submissions').whereIn('x.status', ['Queued', 'In Progress']))
    .orderBy(['r.message_id', 'r.recipient'])
    .limit(most)
    .select('r.message_id', 'r.recipient', 'r.event_type', 'r.refusal')) as Row[];
  return rows.map((row) => ({
    messageId: int(row['message_id']),
    recipient: String(row['recipient']),
    eventTypeId: int(row['event_type']),
    refusal: textOrNull(row['refusal']),
  }));
};

/** The submissions of a mail for one recipient, in order of acceptance. */
export const submissionIdsOf = async (db: Knex, messageId: number, recipient: string): Promise<number[]> =>
  ((await db('submissions').where({ message_id: messageId, recipient }).orderBy('id').select('id')) as Row[]).map(
    (row) => int(row['id']),
  );

const hourMs = 3_600_000;

/** Decides once who gets an answer; whoever comes second changes nothing. Too many to one address within an hour are withheld. */
export const planReply = (
  store: Store,
  { messageId, recipient }: Pick<Unanswered, 'messageId' | 'recipient'>,
  { kind, who, now }: { kind: ReplyKind; who: Addressee; now: number },
): Promise<void> =>
  store.write(async ({ knex }) => {
    const address = 'to' in who ? who.to : null;
    const full = address !== null && (await countSince(knex, { address, since: now - hourMs })) >= mostAnHour;
    const withheld = 'withheld' in who ? who.withheld : full ? 'too many answers to this address within an hour' : null;
    const row = { message_id: messageId, recipient, kind, created_at: now, next_try_at: now };
    await knex('replies')
      .insert({ ...row, address: full ? null : address, withheld })
      .onConflict(['message_id', 'recipient'])
      .ignore();
  });

const countSince = async (
  knex: Knex,
  { address, since }: { address: string | null; since: number },
): Promise<number> => {
  const row = (await knex('replies')
    .where({ address })
    .where('created_at', '>', since)
    .count({ n: '*' })
    .first()) as Row;
  return int(row['n']);
};

const open = (db: Knex) => db('replies').whereNotNull('address').whereNull('sent_at').whereNull('given_up_at');

/** Answers that are to be sent now, the longest due first. */
export const repliesDue = async (db: Knex, now: number, most: number): Promise<Reply[]> =>
  ((await open(db).where('next_try_at', '<=', now).orderBy('next_try_at').limit(most)) as Row[]).map(readReply);

/** How long one try may take before another process makes it anew; longer than the deadline of a try. */
const claimMs = 180_000;

const keyOf = ({ messageId, recipient }: Reply) => ({ message_id: messageId, recipient });

/**
 * Takes the right to send an answer, before it is sent; undefined when another has it or has sent it. A process that is
 * killed after this leaves it open whether it was sent: it is sent again, with the same Message-ID, when the claim is over.
 */
export const claimReply = (store: Store, reply: Reply): Promise<Reply | undefined> =>
  store.write(async (writer) => {
    const now = await writer.now();
    const claim = reply.claim + 1;
    const taken = await open(writer.knex)
      .where({ ...keyOf(reply), claim: reply.claim })
      .where((free) => {
        void free.whereNull('claimed_until').orWhere('claimed_until', '<=', now);
        void free.orWhere('claimed_until', '>', now + 2 * claimMs); // written before the clock was set back
      })
      .update({ claim, claimed_until: now + claimMs });
    return taken === 1 ? { ...reply, claim } : undefined;
  });

const finish = (store: Store, reply: Reply, values: object): Promise<void> =>
  store.write(async ({ knex }) => {
    await knex('replies')
      .where({ ...keyOf(reply), claim: reply.claim })
      .update({ claimed_until: null, ...values });
  });

export const recordSent = (store: Store, reply: Reply, now: number): Promise<void> =>
  finish(store, reply, { sent_at: now, last_error: null });

/** Nobody gets it after all. */
export const recordWithheld = (store: Store, reply: Reply, why: string): Promise<void> =>
  finish(store, reply, { address: null, withheld: why });

/** Tried again after a pause, or given up after a day. Resolves to whether it was given up. */
export const recordUnsent = async (
  store: Store,
  reply: Reply,
  error: string,
  { now, random }: { now: number; random: () => number },
): Promise<boolean> => {
  const attempts = reply.attempts + 1;
  const givenUp = now - reply.createdAt >= giveUpMs;
  const next = { attempts, last_error: error, next_try_at: Math.round(nextTryAt(attempts, now, random)) };
  await finish(store, reply, { ...next, given_up_at: givenUp ? now : null });
  return givenUp;
};

/** The try was broken off by us; it is made again at once. */
export const giveBack = (store: Store, reply: Reply): Promise<void> => finish(store, reply, {});

/** What a recipient's mail was answered with; undefined when nothing is decided. */
export const findReply = async (db: Knex, messageId: number, recipient: string): Promise<Reply | undefined> => {
  const row = (await db('replies').where({ message_id: messageId, recipient }).first()) as Row | undefined;
  return row && readReply(row);
};
