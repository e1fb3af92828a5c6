import type { Clock } from '../../clock.ts';
import { reached } from '../../commit-point.ts';
import { asFault } from '../../fault.ts';
import type { Log } from '../../log.ts';
import { makeKeepThread } from '../../store/keep-thread.ts';
import { type AcceptContext, type Envelope, makeAccept } from './accept-mail.ts';
import { addressKey, type AddressBook, findAddress } from './addresses.ts';
import type { SenderRule } from './judgement.ts';
import { type HourlyRate, type MailLimits, makeHourlyRate } from './limits.ts';
import { type Bodies, makeBodies } from './mail-body.ts';
import type { Brought } from './patience.ts';
import { type ReceivedMail, receiveMail } from './receive.ts';
import { makeRefusals, type Refusals } from './refusals.ts';
import { envelopeRefusal } from './sender.ts';
import { type Reply, replies } from './smtp-reply.ts';
import { makeRoom, type Room } from './room.ts';
import { makeSparingLog, type SparingLog } from './sparing-log.ts';

/** One connection, and the mail that is under way on it. */
export interface Talk {
  readonly peer: string;
  helo: string;
  /** The protocol of the connection, such as `TLSv1.3`; null in clear. */
  tls: string | null;
  /** Null for the null sender. */
  envelopeFrom: string | null;
  /** Of the mail under way, by address in lower case. */
  recipients: Map<string, Envelope['recipients'][number]>;
  /** Of the mail under way: those whose senders its envelope sender is not among. */
  turnedAway: Map<string, Envelope['turnedAway'][number]>;
  /** Recipients refused so far, of all mails. */
  misses: number;
  readonly brought: Brought;
}

/** What a reload may change. */
export interface DialogueRules {
  book: AddressBook;
  /** By event type. */
  senders: ReadonlyMap<number, SenderRule>;
  /** Bytes. */
  maxSize: number;
  limits: MailLimits;
  tlsRequired: boolean;
}

export interface DialogueContext extends AcceptContext {
  clock: Clock;
  log: Log;
  /** Called after each mail that was accepted. */
  onAccepted(): void;
}

/** Who tries so many unknown addresses on one connection is looking for some. */
const mostMisses = 20;

/** What the listener answers to each step of a mail, and what it does before it answers. Nothing in here rejects. */
export interface Dialogue {
  /** Undefined: go on. */
  mail(talk: Talk, from: string): Promise<Reply | undefined>;
  recipient(talk: Talk, address: string): Promise<Reply | undefined>;
  data(talk: Talk, data: AsyncIterable<Buffer>): Promise<Reply>;
  /** A refusal that was decided elsewhere, for the list of refused mail. */
  note(talk: Speaker, reply: Reply, recipient: string | null): Promise<void>;
  /** Trouble that peers can cause as often as they like, said rarely. */
  say(words: string, about?: object): void;
  /** To be called when no answer is being worked out any more. */
  close(): Promise<void>;
}

export type Speaker = Pick<Talk, 'peer' | 'helo' | 'envelopeFrom'>;

/** What the answers are made with. */
interface Desk extends DialogueContext {
  rules(): DialogueRules;
  accept: ReturnType<typeof makeAccept>;
  bodies: Bodies;
  room: Room;
  rate: HourlyRate;
  refusals: Refusals;
  sparing: SparingLog;
}

export const makeDialogue = (context: DialogueContext, rules: () => DialogueRules): Dialogue => {
  const sparing = makeSparingLog(context.log, context.clock);
  const refusals = makeRefusals(context, (error) => void replyToTrouble(sparing, error));
  const [bodies, room] = [makeBodies(context.spool, makeKeepThread(context.spool.folder)), makeRoom(context)];
  const made = { bodies, room, accept: makeAccept(context), rate: makeHourlyRate(), refusals, sparing };
  const desk: Desk = { ...context, ...made, rules };
  return {
    mail: (talk, from) => answerMail(desk, talk, from),
    recipient: (talk, address) => answerRecipient(desk, talk, address),
    data: (talk, data) => answerData(desk, talk, data),
    note: (talk, reply, recipient) => note(desk, talk, reply, recipient),
    say: (words, about) => sparing.say('info', words, about),
    close: async () => {
      sparing.close();
      await bodies.close();
    },
  };
};

const replyToTrouble = (sparing: SparingLog, error: unknown): Reply => {
  const { reason, hint, code, next } = asFault(error, 'take', 'a mail');
  const stack = next === 'bug' && error instanceof Error ? { stack: error.stack } : {};
  const about = { reason, hint, code, ...stack };
  sparing.say(next === 'retry' ? 'warn' : 'error', `a mail could not be taken now (${code})`, about);
  if (code === 'dns-temporary') return replies.dnsTrouble;
  return code === 'disk-full' ? replies.full : replies.trouble;
};

const note = (
  { sparing, refusals }: Desk,
  { peer, helo, envelopeFrom }: Speaker,
  { code, text }: Reply,
  recipient: string | null = null,
): Promise<void> => {
  sparing.say('info', 'mail was refused; "submissions --refused" lists it', { code });
  return refusals.note({ peer, helo: helo || null, envelopeFrom, recipient, reason: text, code });
};

const refuse = async (desk: Desk, talk: Talk, reply: Reply, recipient?: string): Promise<Reply> => {
  await note(desk, talk, reply, recipient);
  return reply;
};

/** For trouble of our own: the database may be what is in trouble, so nobody waits for its line. */
const postpone = (desk: Desk, talk: Talk, error: unknown): Reply => {
  desk.room.forget();
  const reply = replyToTrouble(desk.sparing, error);
  void note(desk, talk, reply);
  return reply;
};

const answerMail = async (desk: Desk, talk: Talk, from: string): Promise<Reply | undefined> => {
  const { tlsRequired, maxSize } = desk.rules();
  talk.envelopeFrom = from === '' ? null : from;
  talk.recipients.clear();
  talk.turnedAway.clear();
  if (tlsRequired && talk.tls === null) return refuse(desk, talk, replies.tlsRequired);
  try {
    await desk.room.seeToAll(maxSize);
    return undefined;
  } catch (error) {
    return postpone(desk, talk, error);
  }
};

/** Forged senders elsewhere must not use up what a real one may send. */
const senderKey = ({ peer, envelopeFrom }: Talk): string => `from ${peer} ${envelopeFrom?.toLowerCase() ?? ''}`;
const recipientKey = (recipient: string): string => `to ${recipient}`;

const isTooOften = ({ rate, rules }: Desk, talk: Talk, recipient: string, now: number): boolean => {
  const { senderHourly, addressHourly } = rules().limits;
  return !rate.allows(senderKey(talk), senderHourly, now) || !rate.allows(recipientKey(recipient), addressHourly, now);
};

const answerRecipient = async (desk: Desk, talk: Talk, address: string): Promise<Reply | undefined> => {
  const now = desk.clock.now();
  const found = findAddress(desk.rules().book, address, now);
  if (found.kind !== 'found') {
    talk.misses++;
    const reply = await refuse(desk, talk, replies[found.kind], address.toLowerCase());
    return talk.misses < mostMisses ? reply : replies.tooManyMisses;
  }
  const recipient = addressKey(address);
  const refusal = envelopeRefusal(talk.envelopeFrom, desk.rules().senders.get(found.eventTypeId)?.senders ?? []);
  const about = { recipient, eventTypeId: found.eventTypeId, check: found.check };
  if (refusal !== undefined) {
    talk.turnedAway.set(recipient, { ...about, refusal });
    return refuse(desk, talk, replies.notAllowed(refusal), recipient);
  }
  if (isTooOften(desk, talk, recipient, now)) return refuse(desk, talk, replies.tooOften, recipient);
  talk.recipients.set(recipient, about);
  return undefined;
};

const answerData = async (desk: Desk, talk: Talk, data: AsyncIterable<Buffer>): Promise<Reply> => {
  const { maxSize } = desk.rules();
  try {
    const seeToRoom = () => desk.room.seeToDisk(desk.rules().maxSize);
    const onBytes = (count: number) => void (talk.brought.bytes += count);
    const reception = await receiveMail(desk.bodies, data, { most: maxSize, seeToRoom, onBytes });
    talk.brought.mails++;
    switch (reception.kind) {
      case 'whole':
        return await finish(desk, talk, reception);
      case 'too-large':
        return await refuse(desk, talk, replies.tooLarge(maxSize));
      case 'forged-end':
        return await refuse(desk, talk, replies.forgedEnd);
      case 'lost':
        return await refuse(desk, talk, replies.lost);
      case 'trouble':
        return postpone(desk, talk, reception.fault);
      default:
        return reception satisfies never;
    }
  } catch (error) {
    return postpone(desk, talk, error);
  }
};

const finish = async (desk: Desk, talk: Talk, received: ReceivedMail): Promise<Reply> => {
  const { peer, helo, tls, envelopeFrom } = talk;
  const recipients = [...talk.recipients.values()];
  // A reload between two RCPT of one address may have changed the answer; a recipient has one line.
  const turnedAway = [...talk.turnedAway.values()].filter(({ recipient }) => !talk.recipients.has(recipient));
  const envelope: Envelope = { peer, helo, tls, envelopeFrom, recipients, turnedAway };
  const acceptance = await desk.accept(envelope, received, desk.rules().senders);
  const { refusals } = acceptance;
  for (const [recipient, sentence] of refusals) await note(desk, talk, replies.notAllowed(sentence), recipient);
  if (acceptance.kind === 'refused') return replies.notAllowed([...refusals.values()][0] ?? '');
  sayAccepted(desk, talk, envelope, { id: acceptance.id, bytes: received.bytes, refused: refusals.size });
  return replies.accepted(acceptance.id, refusals.size);
};

const sayAccepted = (
  { rate, clock, log, onAccepted }: Desk,
  talk: Talk,
  { recipients }: Envelope,
  { id, bytes, refused }: { id: number; bytes: number; refused: number },
): void => {
  const now = clock.now();
  rate.count(senderKey(talk), now);
  for (const { recipient } of recipients) rate.count(recipientKey(recipient), now);
  const eventTypes = [...new Set(recipients.map(({ eventTypeId }) => eventTypeId))];
  const about = { message: id, eventTypes, recipients: recipients.length, refused, bytes, tls: talk.tls };
  log.info(about, 'a mail was accepted');
  onAccepted();
};

/** To be called when the answer to DATA was given to the connection. */
export const answered = ({ code }: Reply): void => {
  if (code === 250) reached('in 2 answered');
};
