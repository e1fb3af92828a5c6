/** What an outcome means for the counts: the ledger changed, nothing differed, or the line was not taken. */
export type OutcomeKind = 'applied' | 'unchanged' | 'error';

export interface OutcomeText {
  kind: OutcomeKind;
  /** A sentence for people; some lines have one of their own that says more. */
  message: string;
  /** What to do about it; empty where nothing is to be done. */
  hint: string;
}

/**
 * Every outcome that a line can have, in the order in which they are checked: first those of a modification, then those
 * of a conversion. The one table that the command line, the result file and the documentation share.
 */
export const outcomes = {
  MALFORMED: {
    kind: 'error',
    message: 'A value of the line cannot be read.',
    hint: 'Correct the value that the message names, and send the line again.',
  },
  INVALID_ACTION_TRACKER: {
    kind: 'error',
    message: 'ActionTrackerId: ActionTrackerId value is invalid',
    hint: 'Use the id of the event type that the address belongs to.',
  },
  ACTION_NOT_FOUND: {
    kind: 'error',
    message: 'There is no such action in this event type.',
    hint: 'Correct the ActionId or OrderId; it must be exactly as it was when the order was reported.',
  },
  BAD_DISPOSITION: {
    kind: 'error',
    message: 'The Reason is neither a standard code nor a disposition code of this event type.',
    hint: 'Use a standard code, or create the disposition code (upper and lower case count) and send the same file again.',
  },
  ALREADY_REVERSED: {
    kind: 'error',
    message: 'The action was reversed before.',
    hint: 'Nothing to do if it should be reversed; otherwise send the Reason RESET before its locking date.',
  },
  ALREADY_LOCKED: {
    kind: 'error',
    message: 'The locking date of the action has passed.',
    hint: 'It cannot be changed any more.',
  },
  ALREADY_APPROVED: {
    kind: 'error',
    message: 'The action was approved before.',
    hint: 'Nothing to do if it should be approved; otherwise send the Reason RESET before its locking date.',
  },
  MODIFICATION_LIMIT: {
    kind: 'error',
    message: 'The action was modified 1,000 times; that is the limit.',
    hint: 'Ask support.',
  },
  NO_CHANGE: {
    kind: 'unchanged',
    message: 'Nothing differs from what the ledger has.',
    hint: 'Amount is the final amount of the order, not the difference; 0 reverses it.',
  },
  MODIFIED: { kind: 'applied', message: 'The action was modified.', hint: '' },
  REVERSED: { kind: 'applied', message: 'The action was reversed.', hint: '' },
  APPROVED: { kind: 'applied', message: 'The action was approved.', hint: '' },
  RESET: { kind: 'applied', message: 'The action is again as it was created.', hint: '' },
  CONV_MALFORMED: {
    kind: 'error',
    message: 'A value of the conversion cannot be read.',
    hint: 'Correct the value that the message names, and send all lines of the order again.',
  },
  CAMPAIGN_NOT_FOUND: {
    kind: 'error',
    message: 'The CampaignId is not one of this event type.',
    hint: 'Use the CampaignId of the program that the event type belongs to.',
  },
  ACTIONTRACKER_NOT_FOUND: {
    kind: 'error',
    message: 'The line names no event type, or another one than the file was sent to.',
    hint: 'Use the id or the code of the event type that the address belongs to.',
  },
  TOO_OLD: {
    kind: 'error',
    message: 'The event is too long ago.',
    hint: 'With a MediaPartnerId an event may be older; otherwise it cannot be created any more.',
  },
  PARTNER_NOT_ACTIVE: {
    kind: 'error',
    message: 'The partner is not known or not active.',
    hint: 'Correct the MediaPartnerId, or have it added to the ids of the partner and send the same file again.',
  },
  DUPLICATE: {
    kind: 'unchanged',
    message: 'The order is in the ledger already.',
    hint: 'Nothing to do if it was sent before; send a modification to change it.',
  },
  ACTION_REF_NOT_FOUND: {
    kind: 'error',
    message: 'Neither the line nor an earlier action of the customer tells the partner; it is kept as unmatched.',
    hint: 'Send it again with a MediaPartnerId.',
  },
  CREATED: { kind: 'applied', message: 'The action was created.', hint: '' },
} as const satisfies Record<string, OutcomeText>;

export type Outcome = keyof typeof outcomes;

/** Those with which a line has changed the ledger. */
export const appliedOutcomes: readonly Outcome[] = (Object.keys(outcomes) as Outcome[]).filter(
  (code) => outcomes[code].kind === 'applied',
);

/** How many lines had each outcome; those that none had are left out. */
export type OutcomeCounts = Partial<Record<Outcome, number>>;

/** The sums that a submission shows: records = applied + unchanged + errors. */
export interface Sums {
  records: number;
  applied: number;
  unchanged: number;
  errors: number;
}

const sumOf = (counts: OutcomeCounts, kind: OutcomeKind): number =>
  Object.entries(counts).reduce((sum, [code, n]) => sum + (outcomes[code as Outcome].kind === kind ? n : 0), 0);

export const sumsOf = (counts: OutcomeCounts): Sums => {
  const [applied, unchanged, errors] = [sumOf(counts, 'applied'), sumOf(counts, 'unchanged'), sumOf(counts, 'error')];
  return { records: applied + unchanged + errors, applied, unchanged, errors };
};

/** The counts with more lines added. */
export const addCounts = (counts: OutcomeCounts, more: readonly Outcome[]): OutcomeCounts => {
  const sum = { ...counts };
  for (const outcome of more) sum[outcome] = (sum[outcome] ?? 0) + 1;
  return sum;
};
