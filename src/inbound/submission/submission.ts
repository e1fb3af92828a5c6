import { isoInstant } from '../../clock.ts';
import type { Fault } from '../../fault.ts';
import { type OutcomeCounts, sumsOf } from './outcome.ts';
import type { Reading } from './reading.ts';

/**
 * `Queued` waits for its turn; `In Progress` is applied, chunk by chunk; `Complete` has an outcome for every line, which
 * may be errors; `Failed` could not be read as a whole; `Duplicate` holds bytes that were received before; `Held` waits
 * for a person.
 */
export const statuses = ['Queued', 'In Progress', 'Complete', 'Failed', 'Duplicate', 'Held'] as const;
export type SubmissionStatus = (typeof statuses)[number];

export const types = ['Modification', 'Reversal', 'Conversion', 'Mixed'] as const;
export type SubmissionType = (typeof types)[number];

/** By what way a file came in. */
export type Channel = 'submit' | 'mail' | 'inbox';

/** The part of a message that a file was; no two submissions are of the same. */
export interface MessagePart {
  messageId: number;
  recipient: string;
  /** The part's place in the message, such as `2.1`. */
  part: string;
}

/** One file received, and what became of it. Instants in milliseconds. */
export interface Submission {
  id: number;
  eventTypeId: number;
  channel: Channel;
  sender: string | null;
  message: MessagePart | null;
  fileName: string;
  /** The file as it came. */
  spool: string;
  resultSpool: string | null;
  bytes: number;
  sha256: string;
  /** A dry run: the same outcomes, and nothing changes. */
  check: boolean;
  status: SubmissionStatus;
  type: SubmissionType | null;
  /** Why the file failed or is held as a whole, in a sentence with what to do. */
  error: string | null;
  duplicateOf: number | null;
  receivedAt: number;
  completedAt: number | null;
  /** When its files were let go of. */
  expiredAt: number | null;
  claim: number;
  /** How often a person has released it. */
  releases: number;
  /** Data lines whose outcomes are committed. */
  position: number;
  reading: Reading | null;
  notes: string[];
  outcomes: OutcomeCounts;
  /** Whether a line asked for a reversal, and whether one asked for anything else. */
  reverses: boolean;
  modifies: boolean;
}

/** What of an earlier submission of the same bytes to the same event type decides. */
export interface Earlier {
  id: number;
  status: SubmissionStatus;
  check: boolean;
  errors: number;
}

/**
 * The earlier submission that makes the same bytes a duplicate: one that waits, runs, or was complete without errors. Dry
 * runs never count. After errors the same file may come again: what was applied answers NO_CHANGE or ALREADY_…, so the
 * remedy "create the code, send the same file" works.
 */
export const duplicateOf = (earlier: readonly Earlier[]): number | undefined =>
  earlier.find(
    ({ status, check, errors }) =>
      !check && (status === 'Queued' || status === 'In Progress' || (status === 'Complete' && errors === 0)),
  )?.id;

/** What a file of modifications is called once all its lines were read. */
export const typeOf = ({ reverses, modifies }: Pick<Submission, 'reverses' | 'modifies'>): SubmissionType => {
  if (reverses && modifies) return 'Mixed';
  return reverses ? 'Reversal' : 'Modification';
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A fault of the file as a whole as one line for the log: why, and what to do. */
export const sentenceOf = ({ object, reason, hint }: Fault): string =>
  `${capital(object)}: ${reason}. ${capital(hint)}.`;

/** As it is shown where its event type is not in the configuration: it waits, and says for what. */
export const sayingWhatItWaitsFor = (one: Submission, eventTypes: { has(id: number): boolean }): Submission => {
  const { status, eventTypeId: id } = one;
  if ((status !== 'Queued' && status !== 'In Progress') || eventTypes.has(id)) return one;
  const error = `The event type ${id} is not in the configuration. It waits until event-types/${id}.yaml is there.`;
  return { ...one, error };
};

const instantOrNull = (ms: number | null): string | null => (ms === null ? null : isoInstant(ms));

/** A submission as `--json` shows it. */
export const showSubmission = (one: Submission) => ({
  id: one.id,
  eventType: one.eventTypeId,
  channel: one.channel,
  sender: one.sender,
  fileName: one.fileName,
  receivedAt: isoInstant(one.receivedAt),
  completedAt: instantOrNull(one.completedAt),
  type: one.type,
  status: one.status,
  check: one.check,
  error: one.error,
  ...sumsOf(one.outcomes),
  duplicateOf: one.duplicateOf,
  outcomes: one.outcomes,
});
