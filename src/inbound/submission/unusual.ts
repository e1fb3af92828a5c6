import { actionOf } from '../../ledger/disposition.ts';
import type { EventType, HoldRule } from '../../ledger/event-type.ts';
import { type Row, type Store } from '../../store/store.ts';
import type { Bytes } from '../../file/decode.ts';
import { type Reading, recordGroups } from './reading.ts';
import type { Ask } from './record.ts';
import type { Submission } from './submission.ts';

/** Whether a line asks for a reversal: by its amount, or by its Reason. */
export const asksReversal = ({ amount, reason }: Ask, { dispositions }: Pick<EventType, 'dispositions'>): boolean =>
  (amount !== undefined && /^[0.]+$/.test(amount)) || actionOf(reason, dispositions) === 'reject';

/** How many lines of a file ask for something, and for a reversal. */
export interface AskedCounts {
  asks: number;
  reversals: number;
}

/** Why a file is held: it asks for at least `atLeast` reversals, and they are more than that share of its lines. Pure. */
export const unusualReason = (rule: HoldRule, { asks, reversals }: AskedCounts): string | undefined => {
  if (reversals < rule.atLeast || reversals * 100 <= rule.reversalsOver * asks) return undefined;
  const share = Math.round((reversals / asks) * 1000) / 10;
  return (
    `${reversals} of ${asks} lines (${share} %) ask for a reversal, and more than ${rule.reversalsOver} % is unusual ` +
    'for this event type; nothing was changed. Ask the sender whether that is meant, then release it.'
  );
};

const countAsks = async (bytes: Bytes, reading: Reading, eventType: EventType): Promise<AskedCounts> => {
  const counts = { asks: 0, reversals: 0 };
  for await (const { groups } of recordGroups(bytes, reading, { eventType, after: 0 }))
    for (const { content } of groups.flat()) {
      if (!('ask' in content)) continue;
      counts.asks++;
      if (asksReversal(content.ask, eventType)) counts.reversals++;
    }
  return counts;
};

/**
 * Looks a file through before anything of it is applied; why it is to wait for a person, if so. Dry runs change nothing
 * and never wait, and what a person has released waits no second time.
 */
export const looksUnusual = async (
  { store, eventType }: { store: Store; eventType: EventType },
  { id, check, position }: Submission,
  bytes: Bytes,
  reading: Reading,
): Promise<string | undefined> => {
  if (!eventType.hold || check || position > 0) return undefined;
  const row = (await store.read('submissions').where({ id }).first('looked_at')) as Row | undefined;
  if (row?.['looked_at'] === true || Number(row?.['looked_at']) === 1) return undefined;
  return unusualReason(eventType.hold, await countAsks(bytes, reading, eventType));
};
