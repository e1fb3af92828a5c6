import { type Cause, moment, plural, words } from './cause.ts';

/** Submissions of one event type that are alike. Instants in milliseconds. */
export interface SubmissionGroup {
  eventTypeId: number;
  count: number;
  /** The newest of them. */
  id: number;
  fileName: string;
  error: string | null;
  receivedAt: number;
}

const nameOf = (group: SubmissionGroup): string => `event type ${group.eventTypeId}`;

/** Files that failed as a whole, with no good one of the event type since: one cause for each event type. */
export const failedSubmissions = (failed: readonly SubmissionGroup[]): Cause[] =>
  failed.map((group) => ({
    key: `submission:failed:${group.eventTypeId}`,
    kind: 'submission',
    subject: words(`${nameOf(group)}: ${plural(group.count, 'file')} failed`),
    text: words(
      `${group.fileName}, received at ${moment(group.receivedAt)}, failed: ${group.error ?? 'no reason was kept.'}`,
    ),
    hint: `nightdrop submissions show ${group.id}; ask the sender for a file that can be read`,
  }));

/** Files that wait for a person: one cause for each event type. */
export const heldSubmissions = (held: readonly SubmissionGroup[]): Cause[] =>
  held.map((group) => ({
    key: `submission:held:${group.eventTypeId}`,
    kind: 'submission',
    subject: words(`${nameOf(group)}: ${plural(group.count, 'file')} held`),
    text: words(`${group.fileName}, received at ${moment(group.receivedAt)}, waits for a person: ${group.error ?? ''}`),
    hint: `nightdrop submissions show ${group.id}; then: nightdrop submissions release ${group.id}`,
  }));

/** Files of event types that are not in the configuration: they wait until it is back. */
export const waitingSubmissions = (
  waiting: readonly SubmissionGroup[],
  eventTypes: { has(id: number): boolean },
): Cause[] =>
  waiting
    .filter(({ eventTypeId }) => !eventTypes.has(eventTypeId))
    .map((group) => ({
      key: `submission:no-event-type:${group.eventTypeId}`,
      kind: 'submission',
      subject: words(`${nameOf(group)}: ${plural(group.count, 'file')} for an event type that is not configured`),
      text: words(`${group.fileName}, received at ${moment(group.receivedAt)}, waits, as nobody says how to apply it.`),
      hint: `put event-types/${group.eventTypeId}.yaml back; what waits then goes on by itself`,
    }));

/** An inbox whose newest look failed. */
export interface InboxTrouble {
  eventTypeId: number;
  place: string;
  error: string;
  hint: string;
  /** `retry`: it may pass by itself. */
  next: string;
  failingSince: number;
}

/** Inboxes that cannot be read: at once where a person must change something, otherwise after `late` milliseconds. */
export const inboxCauses = (troubles: readonly InboxTrouble[], late: number, now: number): Cause[] =>
  troubles
    .filter(({ next, failingSince }) => next !== 'retry' || now - failingSince > late)
    .map(({ eventTypeId, place, error, hint, failingSince }) => ({
      key: `inbox:${eventTypeId}`,
      kind: 'inbox',
      subject: words(`event type ${eventTypeId}: its inbox cannot be read`),
      text: words(`No file is fetched from ${place} since ${moment(failingSince)}: ${error}.`),
      hint: words(hint),
    }));
