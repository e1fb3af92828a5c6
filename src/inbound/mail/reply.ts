import { createHash } from 'node:crypto';
import { isoInstant } from '../../clock.ts';
import { oneLine } from '../../fault.ts';
import { type Outcome, outcomes, type OutcomeText, sumsOf } from '../submission/outcome.ts';
import type { Submission } from '../submission/submission.ts';
import type { SenderRule } from './judgement.ts';
import type { MailMessage, MailRecipient } from './messages.ts';
import { readAddress, showAddress } from './sender.ts';

/** `summary`: counts, and the rejected lines as a file; `result`: the result file too. */
export type ReplyKind = 'summary' | 'result';

/** What an event type says about answers. */
export interface ReplyRule {
  reply: ReplyKind | 'none';
  authentication: SenderRule['authentication'];
  /** Of the event type, for people. */
  name: string;
}

/** Addresses that are ours: those below the mail domain, and the one that our mail comes from. */
export interface OwnAddresses {
  domain: string;
  from: string;
}

const isOurs = (address: string, { domain, from }: OwnAddresses): boolean =>
  address.endsWith(`@${domain.toLowerCase()}`) || address === from.toLowerCase();

/** Nobody reads mail there. */
const unread = /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)@/;

/** Who gets the answer to a mail, or why nobody does. */
export type Addressee = { to: string } | { withheld: string };

/**
 * Only an allowed sender gets an answer, at the address of the From header, and only if the mail has proved that it comes
 * from there or the event type does not ask for proof. Never a bounce, a program, a list or ourselves (RFC 3834).
 */
export const addressee = (
  { envelopeFrom, evidence }: Pick<MailMessage, 'envelopeFrom' | 'evidence'>,
  { refusal }: Pick<MailRecipient, 'refusal'>,
  { authentication }: ReplyRule,
  own: OwnAddresses,
): Addressee => {
  const withheld = (why: string): Addressee => ({ withheld: why });
  const from = readAddress(evidence?.headerFrom[0] ?? '');
  if (refusal !== null) return withheld('the sender is not allowed');
  if (envelopeFrom === null) return withheld('the mail has no envelope sender');
  if (!evidence || !from || evidence.headerFrom.length !== 1) return withheld('the sender is not known');
  const to = showAddress(from);
  if (evidence.automatic !== null) return withheld(`a program or a list sent the mail (${evidence.automatic})`);
  if (isOurs(to, own) || isOurs(envelopeFrom.toLowerCase(), own))
    return withheld('the sender is one of our own addresses');
  if (unread.test(to)) return withheld('nobody reads mail at the address of the sender');
  if (authentication !== 'off' && evidence.proof !== 'pass')
    return withheld('the mail does not prove that it comes from its sender');
  return { to };
};

/** One file of a mail as the answer tells of it. */
export interface Answered {
  submission: Pick<Submission, 'id' | 'fileName' | 'status' | 'error' | 'duplicateOf' | 'check' | 'outcomes' | 'notes'>;
  /** The name of the attached file with its rejected lines. */
  rejected?: string;
  /** The name of the attached result file. */
  result?: string;
  /** What is not attached, and why. */
  missing?: string;
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const outcomeLines = (counts: Submission['outcomes']): string[] =>
  (Object.entries(counts) as [Outcome, number][]).flatMap(([code, count]) => {
    const { kind, message, hint }: OutcomeText = outcomes[code];
    const told = kind === 'applied' || hint === '' ? message : `${message} ${hint}`;
    return [`  ${String(count).padStart(7)}  ${code}: ${told}`];
  });

const stateOf = ({ status, error, duplicateOf, outcomes: counts }: Answered['submission']): string => {
  const { records, applied, unchanged, errors } = sumsOf(counts);
  switch (status) {
    case 'Complete':
      return `${plural(records, 'record')}: ${applied} applied, ${unchanged} unchanged, ${plural(errors, 'error')}.`;
    case 'Failed':
      return `Nothing was applied. ${error ?? ''}`;
    case 'Duplicate':
      return `Nothing was applied: these bytes were received before (submission ${duplicateOf ?? '?'}).`;
    case 'Held':
      return 'A person will look at it before it is processed further; there is no second answer.';
    case 'Queued':
    case 'In Progress':
      return 'It is not finished yet.';
    default:
      return status satisfies never;
  }
};

const attachedLines = ({ rejected, result, missing }: Answered): string[] => [
  ...(rejected === undefined
    ? []
    : [
        `The rejected lines are in the attached ${rejected}, each with its cause and what to do about it. Correct the values`,
        'and send that file to the same address; the columns line, outcome, message and hint may stay.',
      ]),
  ...(result === undefined ? [] : [`The attached ${result} has the outcome of every line.`]),
  ...(missing === undefined ? [] : [missing]),
];

const fileLines = (answered: Answered): string[] => {
  const { submission } = answered;
  const dry = submission.check ? ' (a dry run: nothing was changed)' : '';
  return [
    `${oneLine(submission.fileName, 200)}, submission ${submission.id}${dry}`,
    stateOf(submission),
    ...outcomeLines(submission.outcomes),
    ...submission.notes.map((note) => oneLine(note, 500)),
    ...attachedLines(answered),
  ];
};

/** The text of an answer. */
export const replyText = (
  message: Pick<MailMessage, 'receivedAt'>,
  recipient: string,
  { name }: Pick<ReplyRule, 'name'>,
  files: readonly Answered[],
): string =>
  [
    `Your mail to ${recipient} (${oneLine(name, 200)}), received at ${isoInstant(message.receivedAt)}:`,
    ...files.map((file) => fileLines(file).join('\n')),
    'A program wrote this. Answers to it are not read.',
    '',
  ].join('\n\n');

/** The subject: one file by its name and counts, several by their number. */
export const replySubject = (files: readonly Answered[]): string => {
  const [first, ...more] = files;
  if (!first) return 'Your file';
  const errors = files.reduce((sum, { submission }) => sum + sumsOf(submission.outcomes).errors, 0);
  const what = more.length > 0 ? plural(files.length, 'file') : oneLine(first.submission.fileName, 100);
  const [{ status }] = [first.submission];
  const state = more.length === 0 && status !== 'Complete' ? status.toLowerCase() : plural(errors, 'error');
  return `${what}: ${state}`;
};

/** The Message-ID of an answer: the same in every try, so that a mail program shows one that came twice only once. */
export const replyId = (messageId: number, recipient: string, from: string): string => {
  const digest = createHash('sha256').update(`${messageId} ${recipient}`).digest('hex').slice(0, 16);
  return `<reply-${messageId}-${digest}@${from.slice(from.lastIndexOf('@') + 1)}>`;
};

/** A name for the file of rejected lines: never one that we pass over when it comes back. */
export const rejectedName = (fileName: string): string => {
  const plain = fileName.replace(/^(result|receipt|rejected)_/i, '').replace(/\.(csv|xml)(\.gz)?$/i, '');
  return `rejected_${oneLine(plain, 150)}.csv`;
};

/** When a failed answer is tried again: after a minute, then twice as long, at most an hour; up to a quarter later. */
export const nextTryAt = (attempts: number, now: number, random: () => number): number =>
  now + Math.min(60_000 * 2 ** (attempts - 1), 3_600_000) * (1 + random() / 4);

/** An answer that could not be sent for so long is not sent any more, milliseconds. */
export const giveUpMs = 24 * 3_600_000;

/** Answers to one address within an hour: a circle of machines that none of the signs above shows ends here. */
export const mostAnHour = 60;
