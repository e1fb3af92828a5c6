import type { Parameter } from '../../store/reader.ts';
import type { Selection } from './feed.ts';

/** A part of a feed's past: everything in `(from, to]` that its selection then held is in a batch. */
export interface Segment {
  from: number;
  to: number;
  selection: Selection;
}

export type Include = 'new' | 'changes';

/** What makes a row a member, whatever the range of sequences. */
export interface MemberRule {
  partner: string;
  include: Include;
  selection: Selection;
  /** With a backfill: what earlier batches hold and this one must not. */
  covered?: Segment[];
}

/**
 * Which rows a batch holds, complete in itself: kept with the batch, so that a later proof judges by it and not by the
 * configuration of that day. The range is `(from, to]` of sequences.
 */
export interface Membership extends MemberRule {
  from: number;
  to: number;
  /** In the first batch after a widened selection with `backfill: yes`, rows begin after this and not after `from`. */
  backfillFrom?: number;
}

/** A condition in SQL with `?` for its parameters. */
export interface Condition {
  sql: string;
  parameters: Parameter[];
}

const all = (conditions: Condition[]): Condition => ({
  sql: conditions.map(({ sql }) => sql).join(' and '),
  parameters: conditions.flatMap(({ parameters }) => parameters),
});

const oneOf = (column: string, values: readonly Parameter[]): Condition =>
  values.length === 0
    ? { sql: '1 = 0', parameters: [] }
    : { sql: `${column} in (${values.map(() => '?').join(', ')})`, parameters: [...values] };

/** The condition of a selection on the table alias `t` (transactions). */
export const selectionCondition = ({ eventTypes, campaigns }: Selection): Condition =>
  all([
    { sql: '1 = 1', parameters: [] },
    ...(eventTypes ? [oneOf('t.event_type', eventTypes)] : []),
    ...(campaigns ? [oneOf("coalesce(t.campaign, '')", campaigns)] : []),
  ]);

/** The column that is the position of a row in the journal: a new transaction's id is the sequence of its creation. */
export const sequenceColumn = (include: Include): string => (include === 'new' ? 't.id' : 'j.sequence');

/** Where the rows come from: `t` the transaction and, with every change a row of its own, `j` the journal entry. */
export const sourceTables = (include: Include): string =>
  include === 'new' ? 'transactions t' : 'journal j join transactions t on t.id = j.transaction_id';

/** What makes a row a member, besides lying between `lowest` and `to`. */
export const memberCondition = (membership: MemberRule): Condition => {
  const sequence = sequenceColumn(membership.include);
  const parts: Condition[] = [
    { sql: 't.partner = ?', parameters: [membership.partner] },
    selectionCondition(membership.selection),
  ];
  for (const segment of membership.covered ?? []) {
    const { sql, parameters } = selectionCondition(segment.selection);
    parts.push({
      sql: `not (${sequence} > ? and ${sequence} <= ? and ${sql})`,
      parameters: [segment.from, segment.to, ...parameters],
    });
  }
  return all(parts);
};

/** The sequence after which a batch's rows begin: its `from`, or further back with a backfill. */
export const lowest = (membership: Membership): number => membership.backfillFrom ?? membership.from;

/** Whether `next` holds anything that `before` did not. */
export const isWidened = (before: Selection, next: Selection): boolean =>
  axisWidened(before.eventTypes, next.eventTypes) || axisWidened(before.campaigns, next.campaigns);

const axisWidened = (before: readonly Parameter[] | undefined, next: readonly Parameter[] | undefined): boolean => {
  if (before === undefined) return false;
  return next === undefined || next.some((value) => !before.includes(value));
};

const same = (a: Selection, b: Selection): boolean => JSON.stringify(normal(a)) === JSON.stringify(normal(b));

/** The same selection always reads the same: sorted, keys in one order. */
export const normal = ({ eventTypes, campaigns }: Selection): Selection => ({
  ...(eventTypes && { eventTypes: eventTypes.toSorted((a, b) => a - b) }),
  ...(campaigns && { campaigns: campaigns.toSorted() }),
});

/** What a feed's batches hold so far, in order, neighbours with one selection joined. */
export const segmentsOf = (batches: readonly Membership[]): Segment[] => {
  const segments: Segment[] = [];
  for (const batch of batches) {
    const last = segments.at(-1);
    if (last && last.to === batch.from && batch.backfillFrom === undefined && same(last.selection, batch.selection)) {
      last.to = batch.to;
    } else {
      segments.push({ from: lowest(batch), to: batch.to, selection: batch.selection });
    }
  }
  return segments;
};
