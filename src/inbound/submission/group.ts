import type { FileRecord } from './record.ts';

/** Lines that make one change: one line, or consecutive item rows of one order. */
export type RecordGroup = FileRecord[];

/** Item rows of more weight than this make a second change, so that memory stays bounded. */
const mostWeight = 10_000;

export const weightOfGroup = (group: RecordGroup): number => group.reduce((sum, { weight }) => sum + weight, 0);

/** Whether more rows of the same order may follow in the next group. */
export const isFull = (group: RecordGroup): boolean => weightOfGroup(group) >= mostWeight;

/** Item rows that name the same order, for the same reason. A row that cannot be read belongs to its neighbours too. */
const belongTogether = (one: FileRecord, other: FileRecord): boolean => {
  if (!one.isItem || !other.isItem) return false;
  if (one.actionId !== other.actionId || one.orderId !== other.orderId) return false;
  if (!('ask' in one.content) || !('ask' in other.content)) return true;
  const [a, b] = [one.content.ask, other.content.ask];
  return a.reason === b.reason && a.customerStatus === b.customerStatus && a.currency === b.currency;
};

/** Puts consecutive lines together. `push` gives the group that has ended, if one has; `end` the last one. */
export const recordGrouper = () => {
  let open: RecordGroup = [];
  let weight = 0;
  /** The first of the open group that asks for a change, by which the others are measured. */
  let asking: FileRecord | undefined;
  const take = (next: RecordGroup): RecordGroup | undefined => {
    const ended = open;
    open = next;
    weight = weightOfGroup(next);
    asking = next.find(({ content }) => 'ask' in content);
    return ended.length > 0 ? ended : undefined;
  };
  return {
    push: (record: FileRecord): RecordGroup | undefined => {
      const first = asking ?? open.at(-1);
      const beside = Boolean(record.torn ?? open.at(-1)?.torn) && record.isItem && first?.isItem;
      if (!first || weight >= mostWeight || !(beside || belongTogether(first, record))) return take([record]);
      open.push(record);
      if ('ask' in record.content) asking ??= record;
      weight += record.weight;
      return undefined;
    },
    end: (): RecordGroup | undefined => take([]),
  };
};
