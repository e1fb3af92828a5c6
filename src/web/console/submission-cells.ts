import { html } from 'hono/html';
import { type Outcome, type OutcomeKind, outcomes, sumsOf } from '../../inbound/submission/outcome.ts';
import type { Submission, SubmissionStatus } from '../../inbound/submission/submission.ts';
import { masked } from '../api/personal.ts';
import type { Html } from '../page.ts';
import { badge, cell, type Column, count, type Mood, table, time } from './cells.ts';

const moods: Record<SubmissionStatus, Mood> = {
  Queued: 'busy',
  'In Progress': 'busy',
  Complete: 'good',
  Failed: 'bad',
  Duplicate: 'none',
  Held: 'warn',
};

/** Complete is only good without errors. */
export const statusBadge = ({ status, outcomes: counts }: Pick<Submission, 'status' | 'outcomes'>): Html => {
  const { errors } = sumsOf(counts);
  if (status === 'Complete' && errors > 0)
    return badge('warn', `Complete, ${count(errors)} ${errors === 1 ? 'error' : 'errors'}`);
  return badge(moods[status], status);
};

const kinds: Record<OutcomeKind, Mood> = { applied: 'good', unchanged: 'none', error: 'bad' };

export const outcomeBadge = (outcome: Outcome): Html => badge(kinds[outcomes[outcome].kind], outcome);

const columns: readonly Column[] = [
  { title: 'File' },
  { title: 'Status' },
  { title: 'Type' },
  { title: 'Event type', num: true },
  { title: 'Received' },
  { title: 'Records', num: true },
  { title: 'Applied', num: true },
  { title: 'Unchanged', num: true },
  { title: 'Errors', num: true },
  { title: 'From' },
];

/** The sender as this reader may see it. */
export const shownSender = ({ sender, channel }: Submission, full: boolean): string =>
  sender === null ? channel : full ? sender : masked(sender);

const row = (one: Submission, full: boolean): Html => {
  const { records, applied, unchanged, errors } = sumsOf(one.outcomes);
  return html`<tr data-row>
    ${cell('File', html`<a href="/submissions/${one.id}">${one.fileName}</a>${one.check ? html` <span class="quiet">(dry run)</span>` : ''}`, 'file')}
    ${cell('Status', statusBadge(one))} ${cell('Type', one.type ?? '–')}
    ${cell('Event type', String(one.eventTypeId), 'num')} ${cell('Received', time(one.receivedAt))}
    ${cell('Records', count(records), 'num')} ${cell('Applied', count(applied), 'num')}
    ${cell('Unchanged', count(unchanged), 'num')}
    ${cell('Errors', errors > 0 ? html`<strong>${count(errors)}</strong>` : '0', 'num')}
    ${cell('From', shownSender(one, full), 'address')}
  </tr>`;
};

/** The table of the file submissions log (domain.md 1.6). `full`: senders are shown as they are. */
export const submissionTable = (list: readonly Submission[], caption: string, full: boolean, none: string): Html =>
  table(
    caption,
    columns,
    list.map((one) => row(one, full)),
    none,
  );
