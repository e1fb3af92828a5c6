import type { MailStory } from '../inbound/mail/mail-story.ts';
import type { showRefused } from '../inbound/mail/refused-mail.ts';
import type { OutcomeRow } from '../inbound/submission/rows.ts';
import type { showSubmission } from '../inbound/submission/submission.ts';
import { count, moment, plural, table } from './output.ts';

/** A submission as `--json` shows it. */
export type SubmissionLine = ReturnType<typeof showSubmission>;

/** A submission with the outcome of each of its lines. */
export type SubmissionStory = SubmissionLine & { notes: string[]; mail: MailStory | null; rows: OutcomeRow[] };

/** Lines shown to people; `--json` and the result file have all. */
const mostShown = 50;

const remark = ({ error, duplicateOf, check, outcomes }: SubmissionLine): string => {
  if (error !== null) return error;
  if (duplicateOf !== null) return `the same bytes as ${duplicateOf}`;
  const counts = Object.entries(outcomes).map(([code, n]) => `${count(n)} ${code}`);
  return [...(check ? ['dry run'] : []), ...counts].join(', ');
};

/** Submissions in columns. */
export const submissionsText = (lines: readonly SubmissionLine[]): string =>
  table(
    lines,
    [
      { title: 'id', text: (line) => String(line.id), align: 'right' },
      { title: 'event type', text: (line) => String(line.eventType), align: 'right' },
      { title: 'channel', text: (line) => line.channel },
      { title: 'file', text: (line) => line.fileName },
      { title: 'received at', text: (line) => moment(line.receivedAt) },
      { title: 'type', text: (line) => line.type ?? '-' },
      { title: 'status', text: (line) => line.status },
      { title: 'records', text: (line) => count(line.records), align: 'right' },
      { title: 'applied', text: (line) => count(line.applied), align: 'right' },
      { title: 'unchanged', text: (line) => count(line.unchanged), align: 'right' },
      { title: 'errors', text: (line) => count(line.errors), align: 'right' },
      { title: '', text: remark },
    ],
    'No submission.',
  );

/** Refused mail in columns. */
export const refusedText = (lines: readonly ReturnType<typeof showRefused>[]): string =>
  table(
    lines,
    [
      { title: 'at', text: (line) => moment(line.at) },
      { title: 'times', text: (line) => count(line.times), align: 'right' },
      { title: 'peer', text: (line) => line.peer },
      { title: 'sender', text: (line) => line.envelopeFrom ?? '-' },
      { title: 'recipient', text: (line) => line.recipient ?? '-' },
      { title: 'code', text: (line) => String(line.code), align: 'right' },
      { title: 'reason', text: (line) => line.reason },
    ],
    'No mail was refused.',
  );

const rowsText = (rows: readonly OutcomeRow[]): string =>
  table(
    rows,
    [
      { title: 'line', text: (row) => String(row.line), align: 'right' },
      { title: 'order', text: (row) => row.orderId ?? '-' },
      { title: 'outcome', text: (row) => row.outcome },
      { title: 'message', text: (row) => row.message },
      { title: '', text: (row) => row.hint },
    ],
    '',
  );

const proofs = { pass: 'proven', fail: 'not proven', unknown: 'not known: name servers failed' };

/** Who sent the mail, what proves it, and what became of the answer. */
const mailText = (mail: MailStory | null): string => {
  if (!mail) return '';
  const { recipient, envelopeFrom, headerFrom, peer, helo, tls, proof, reasons, reply } = mail;
  const lines = [
    `Mail to ${recipient} from ${headerFrom.join(', ') || 'nobody who can be told'} (envelope: ${envelopeFrom ?? 'null sender'})`,
    `Brought by ${peer} (${helo ?? '-'}), ${tls ?? 'in clear'}`,
    `Sender: ${proof === null ? 'not asked for proof' : proofs[proof]}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...(reply ? [`Answer: ${reply.state}${reply.reason === null ? '' : ` (${reply.reason})`}`] : []),
  ];
  return lines.join('\n');
};

/** One submission: itself, what was noted, and its lines; those with something to do about them first. */
export const storyText = (story: SubmissionStory): string => {
  const { rows, notes, mail } = story;
  const byNeed = rows.toSorted((a, b) => Number(a.hint === '') - Number(b.hint === ''));
  const left = rows.length - mostShown;
  const more = left > 0 ? `${plural(left, 'further line')}: npx nightdrop submissions result ${story.id}` : '';
  return [submissionsText([story]), mailText(mail), ...notes, rowsText(byNeed.slice(0, mostShown)), more]
    .filter((part) => part !== '')
    .join('\n\n');
};
