import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import type { MessagePart } from '../submission/submission.ts';
import type { Evidence } from './judgement.ts';
import { findMessage } from './messages.ts';
import { findReply, type Reply } from './replies.ts';

/** What became of the answer to a mail: `state` is `sent`, `waiting`, `given up` or `withheld`. */
export interface ReplyStory {
  state: 'sent' | 'waiting' | 'given up' | 'withheld';
  at: string | null;
  /** Why it is withheld, or why the newest try failed. */
  reason: string | null;
}

/** The mail that a submission came with, as `--json` shows it: who sent it, as far as it is known, and the answer to it. */
export interface MailStory extends Pick<Evidence, 'headerFrom' | 'proof' | 'spf' | 'dkim' | 'dmarc' | 'reasons'> {
  recipient: string;
  messageId: string | null;
  /** The address that the connection came from. */
  peer: string;
  helo: string | null;
  tls: string | null;
  envelopeFrom: string | null;
  /** Null where no answer was thought of (yet). */
  reply: ReplyStory | null;
}

const storyOfReply = ({ address, withheld, sentAt, givenUpAt, lastError }: Reply): ReplyStory => {
  if (address === null) return { state: 'withheld', at: null, reason: withheld };
  if (sentAt !== null) return { state: 'sent', at: isoInstant(sentAt), reason: null };
  if (givenUpAt !== null) return { state: 'given up', at: isoInstant(givenUpAt), reason: lastError };
  return { state: 'waiting', at: null, reason: lastError };
};

const nothing = { headerFrom: [], proof: null, spf: null, dkim: null, dmarc: null, reasons: [] };

/** The story of the mail that a file came with; null for a file that came in another way. */
export const mailStory = async (db: Knex, part: MessagePart | null): Promise<MailStory | null> => {
  const message = part && (await findMessage(db, part.messageId));
  if (!part || !message) return null;
  const { messageId, peer, helo, tls, envelopeFrom, evidence } = message;
  const { headerFrom, proof, spf, dkim, dmarc, reasons } = evidence ?? nothing;
  const reply = await findReply(db, part.messageId, part.recipient);
  return {
    ...{ recipient: part.recipient, messageId, peer, helo, tls, envelopeFrom },
    ...{ headerFrom, proof, spf, dkim, dmarc, reasons },
    reply: reply ? storyOfReply(reply) : null,
  };
};
