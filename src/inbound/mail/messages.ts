import type { Knex } from 'knex';
import { int, intOrNull, type Row, type Writer } from '../../store/store.ts';
import type { Evidence } from './judgement.ts';

/** One accepted mail; its raw bytes lie in the spool. Instants in milliseconds. */
export interface MailMessage {
  id: number;
  receivedAt: number;
  /** The address that the connection came from. */
  peer: string;
  helo: string | null;
  /** The protocol of the connection, such as `TLSv1.3`; null in clear. */
  tls: string | null;
  /** Null for the null sender. */
  envelopeFrom: string | null;
  spool: string;
  bytes: number;
  sha256: string;
  /** The Message-ID header. */
  messageId: string | null;
  evidence: Evidence | null;
  /** When its submissions were written; null until then. */
  loggedAt: number | null;
  /** When the raw message was let go of. */
  expiredAt: number | null;
}

/** One address of a mail's envelope. */
export interface MailRecipient {
  /** As in the envelope, in lower case. */
  recipient: string;
  eventTypeId: number;
  /** A dry run: the same outcomes, and nothing changes. */
  check: boolean;
  /** Why nothing of the mail is applied for this recipient; null when it is. */
  refusal: string | null;
}

const readMessage = (row: Row): MailMessage => ({
  id: int(row['id']),
  receivedAt: int(row['received_at']),
  peer: String(row['peer']),
  helo: row['helo'] as string | null,
  tls: row['tls'] as string | null,
  envelopeFrom: row['envelope_from'] as string | null,
  spool: String(row['spool']),
  bytes: int(row['bytes']),
  sha256: String(row['sha256']),
  messageId: row['message_id'] as string | null,
  evidence: row['evidence'] === null ? null : (JSON.parse(String(row['evidence'])) as Evidence),
  loggedAt: intOrNull(row['logged_at']),
  expiredAt: intOrNull(row['expired_at']),
});

const readRecipient = (row: Row): MailRecipient => ({
  recipient: String(row['recipient']),
  eventTypeId: int(row['event_type']),
  check: row['check_only'] === true || Number(row['check_only']) === 1,
  refusal: row['refusal'] as string | null,
});

export type NewMessage = Omit<MailMessage, 'id' | 'loggedAt' | 'expiredAt'>;

/** An accepted mail, and the recipients of its envelope. */
export type NewMail = readonly [NewMessage, readonly MailRecipient[]];

const rowOf = ({ receivedAt, envelopeFrom, messageId, evidence, ...message }: NewMessage) => {
  const { peer, helo, tls, spool, bytes, sha256 } = message;
  return {
    ...{ received_at: receivedAt, peer, helo, tls, envelope_from: envelopeFrom, spool, bytes, sha256 },
    ...{ message_id: messageId, evidence: evidence && JSON.stringify(evidence) },
  };
};

/**
 * Writes accepted mails and their recipients down, in the caller's database transaction: once that is committed they may
 * be answered with 250. Resolves to their ids. All of them are two statements: ten mails cost little more than one.
 */
export const insertMessages = async ({ knex }: Writer, mails: readonly NewMail[]): Promise<number[]> => {
  const rows = mails.map(([message]) => rowOf(message));
  const inserted = (await knex('messages').insert(rows, ['id', 'spool'])) as Row[];
  // No database promises the order of what it returns; a spool name is given once.
  const idOf = new Map(inserted.map((row) => [String(row['spool']), int(row['id'])]));
  const ids = mails.map(([{ spool }]) => int(idOf.get(spool)));
  const recipients = mails.flatMap(([, some], nth) =>
    some.map(({ recipient, eventTypeId, check, refusal }) => ({
      ...{ message_id: ids[nth], recipient, event_type: eventTypeId, check_only: check, refusal },
    })),
  );
  if (recipients.length > 0) await knex('message_recipients').insert(recipients);
  return ids;
};

/** As `insertMessages`, for one. */
export const insertMessage = async (
  writer: Writer,
  message: NewMessage,
  recipients: readonly MailRecipient[],
): Promise<number> => int((await insertMessages(writer, [[message, recipients]]))[0]);

export const findMessage = async (db: Knex, id: number): Promise<MailMessage | undefined> => {
  const row = (await db('messages').where({ id }).first()) as Row | undefined;
  return row && readMessage(row);
};

/** In the order of their addresses, by code unit whatever the database's collation is. */
export const recipientsOf = async (db: Knex, messageId: number): Promise<MailRecipient[]> => {
  const rows = (await db('message_recipients').where({ message_id: messageId })) as Row[];
  return rows.map(readRecipient).sort((a, b) => (a.recipient < b.recipient ? -1 : 1));
};

/** Messages behind `after` (an id) whose submissions are not written yet, oldest first, at most `most` of them. */
export const messagesToLog = async (db: Knex, most: number, after = 0): Promise<MailMessage[]> =>
  ((await db('messages').whereNull('logged_at').where('id', '>', after).orderBy('id').limit(most)) as Row[]).map(
    readMessage,
  );

/**
 * Says, in the caller's database transaction, that a message's submissions are written. False when another was first:
 * then the caller rolls back what it has written.
 */
export const markLogged = async ({ knex }: Writer, id: number, now: number): Promise<boolean> =>
  (await knex('messages').where({ id }).whereNull('logged_at').update({ logged_at: now })) === 1;

/** Raw messages that must stay in the spool. */
export const messageSpoolNames = async (db: Knex): Promise<Set<string>> =>
  new Set(((await db('messages').whereNull('expired_at').select('spool')) as Row[]).map((row) => String(row['spool'])));
