import type { Clock, Random } from '../../clock.ts';
import { reached } from '../../commit-point.ts';
import { asFault, Fault } from '../../fault.ts';
import type { Log } from '../../log.ts';
import type { Relay } from '../../notify/channel.ts';
import { sendLetter } from '../../notify/mail.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { findSubmission } from '../submission/submissions.ts';
import { findMessage, type MailMessage, recipientsOf } from './messages.ts';
import { answerFor, type Attachment, mostAttached } from './rejected.ts';
import {
  claimReply,
  giveBack,
  planReply,
  recordSent,
  recordUnsent,
  recordWithheld,
  repliesDue,
  submissionIdsOf,
  type Reply,
  unanswered,
} from './replies.ts';
import { addressee, type Answered, replyId, type ReplyRule, replySubject, replyText } from './reply.ts';

/** What the configuration says about answers. */
export interface Replying {
  relay: Relay;
  /** `mail.domain`. */
  domain: string;
  /** By event type. */
  rules: ReadonlyMap<number, ReplyRule>;
}

export interface ReplyContext {
  store: Store;
  spool: Spool;
  clock: Clock;
  random: Random;
  log: Log;
  replying: Replying;
  /** After this nothing new is begun. */
  ending: AbortSignal;
  /** Breaks a try off. */
  abandon: AbortSignal;
}

const atATime = 50;

/** Decides for mails whose files are all done who gets an answer. */
const plan = async ({ store, clock, replying }: ReplyContext): Promise<void> => {
  const { rules, domain, relay } = replying;
  const answering = [...rules].flatMap(([id, { reply }]) => (reply === 'none' ? [] : [id]));
  for (const one of await unanswered(store.read, answering, { now: clock.now(), most: atATime })) {
    const [rule, message] = [rules.get(one.eventTypeId), await findMessage(store.read, one.messageId)];
    if (!rule || rule.reply === 'none' || !message) continue;
    const who = addressee(message, one, rule, { domain, from: relay.from });
    await planReply(store, one, { kind: rule.reply, who, now: clock.now() });
    reached('reply planned');
  }
};

interface Draft {
  answered: Answered[];
  files: Attachment[];
}

const draftOf = async ({ store, spool }: ReplyContext, { messageId, recipient, kind }: Reply): Promise<Draft> => {
  const draft: Draft = { answered: [], files: [] };
  for (const id of await submissionIdsOf(store.read, messageId, recipient)) {
    const submission = await findSubmission(store.read, id);
    if (!submission) continue;
    const room = mostAttached - draft.files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const { answered, files } = await answerFor(spool, kind, submission, room);
    draft.answered.push(answered);
    draft.files.push(...files);
  }
  return draft;
};

/** How long one try may take in all, milliseconds. */
const deadlineMs = 120_000;

const late = (): Fault =>
  new Fault({
    operation: 'send',
    object: 'a reply',
    reason: `no answer within ${deadlineMs / 1000} s`,
    hint: 'it is tried again; look why the relay is slow',
    next: 'retry',
    code: 'late',
  });

const send = async (
  ctx: ReplyContext,
  reply: Reply,
  message: MailMessage,
  rule: ReplyRule,
  to: string,
): Promise<void> => {
  const { replying, clock, abandon } = ctx;
  const { answered, files } = await draftOf(ctx, reply);
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(late()), deadlineMs);
  try {
    const letter = {
      ...{ to, subject: replySubject(answered), text: replyText(message, reply.recipient, rule, answered) },
      ...{ messageId: replyId(message.id, reply.recipient, replying.relay.from), answers: message.messageId },
      ...{ at: clock.now(), files },
    };
    await sendLetter(replying.relay, letter, { signal: AbortSignal.any([ending.signal, abandon]) });
  } finally {
    clearTimeout(timer);
  }
};

/** Who is to get a reply now: the rule may have changed since it was planned. */
const stillWanted = async ({ store, replying }: ReplyContext, reply: Reply) => {
  const message = await findMessage(store.read, reply.messageId);
  const recipient = (await recipientsOf(store.read, reply.messageId)).find((one) => one.recipient === reply.recipient);
  const rule = recipient && replying.rules.get(recipient.eventTypeId);
  return message && rule && rule.reply !== 'none' && reply.address !== null
    ? { message, rule, to: reply.address }
    : undefined;
};

/** Trouble with the relay itself, which the next answer would have too. */
const relayTrouble = ['unreachable', 'late', 'tls', 'sign-in'];

/** False when there is no use in trying the next one now. */
const sendOne = async (ctx: ReplyContext, due: Reply): Promise<boolean> => {
  const { store, clock, random, log } = ctx;
  const reply = await claimReply(store, due);
  if (!reply) return true;
  reached('reply claimed');
  const about = { message: reply.messageId, kind: reply.kind };
  try {
    const wanted = await stillWanted(ctx, reply);
    if (!wanted) await recordWithheld(store, reply, 'the event type does not answer any more');
    else await send(ctx, reply, wanted.message, wanted.rule, wanted.to);
    if (!wanted) return true;
  } catch (error) {
    if (ctx.abandon.aborted) return giveBack(store, reply).then(() => false);
    const { code, reason, hint } = asFault(error, 'send', 'a reply');
    const given = await recordUnsent(store, reply, `${code}: ${reason}`, { now: clock.now(), random });
    log.warn({ ...about, code, reason, hint }, given ? 'a reply is given up' : 'a reply could not be sent');
    return !relayTrouble.includes(code);
  }
  reached('reply taken');
  await recordSent(store, reply, clock.now());
  reached('reply recorded');
  log.info(about, 'a reply was sent');
  return true;
};

/**
 * Answers the mails whose files are all done: decides who gets an answer, and sends what is due, one after another. Each
 * is claimed before it is sent, so several processes may do so; one that is killed in between sends the same answer again.
 * Rejects when our own database fails.
 */
export const sendReplies = async (ctx: ReplyContext): Promise<void> => {
  const { store, clock, ending } = ctx;
  await plan(ctx);
  for (const reply of await repliesDue(store.read, clock.now(), atATime))
    if (ending.aborted || !(await sendOne(ctx, reply))) return;
};
