import type { EventType } from '../../ledger/event-type.ts';
import { findStandings, recordChanges, type Standings } from '../../ledger/standings.ts';
import type { FoundTransaction, LedgerChange, WantedStandings } from '../../ledger/standing-row.ts';
import type { Writer } from '../../store/store.ts';
import { keepChecked, recallChecked } from './checked.ts';
import { applyConversions, areConversions } from './conversion-chunk.ts';
import type { RecordGroup } from './group.ts';
import { judgeGroup, type Verdict } from './judge-group.ts';
import { explainLostIds } from './lost-ids.ts';
import { addCounts } from './outcome.ts';
import type { FileRecord } from './record.ts';
import { insertRows } from './rows.ts';
import { advance, type Advance } from './steps.ts';
import type { Submission } from './submission.ts';
import { asksReversal } from './unusual.ts';

const wantedOf = (groups: readonly RecordGroup[], eventTypeId: number): WantedStandings => {
  const transactionIds = new Set<string>();
  const orderIds = new Set<string>();
  for (const { actionId, orderId, content } of groups.flat()) {
    if ('refusal' in content) continue;
    if (actionId !== null) transactionIds.add(actionId);
    else if (orderId !== null) orderIds.add(orderId);
  }
  return { eventTypeId, transactionIds: [...transactionIds], orderIds: [...orderIds] };
};

/** By ActionId, whose order must then be the one that the line names too; else the newest of the order. */
const finderOf = ({ byTransactionId, newestOf }: Standings, current: ReadonlyMap<number, FoundTransaction>) => {
  const named = ({ actionId, orderId }: FileRecord): FoundTransaction | undefined => {
    if (actionId === null) return orderId === null ? undefined : newestOf.get(orderId);
    const found = byTransactionId.get(actionId);
    return orderId === null || found?.orderId === orderId ? found : undefined;
  };
  return (record: FileRecord): FoundTransaction | undefined => {
    const found = named(record);
    return found && (current.get(found.id) ?? found);
  };
};

const judgeAll = (groups: readonly RecordGroup[], standings: Standings, eventType: EventType, now: number) => {
  const current = new Map<number, FoundTransaction>();
  const find = finderOf(standings, current);
  const changes: LedgerChange[] = [];
  const verdicts: Verdict[] = [];
  for (const group of groups) {
    const judged = judgeGroup(group, find, eventType, now);
    verdicts.push(...judged.verdicts);
    if (judged.change) changes.push(judged.change);
    if (judged.after) current.set(judged.after.id, judged.after);
  }
  return { verdicts, changes, changed: [...current.values()] };
};

/** How far the submission is once the chunk is committed. */
const advanceOf = (submission: Submission, verdicts: readonly Verdict[], eventType: EventType): Advance => {
  const outcomes = addCounts(
    submission.outcomes,
    verdicts.map(({ outcome }) => outcome),
  );
  const asks = verdicts.flatMap(({ record: { content } }) => ('ask' in content ? [content.ask] : []));
  const reversing = asks.filter((ask) => asksReversal(ask, eventType)).length;
  return {
    position: submission.position + verdicts.length,
    outcomes,
    reverses: submission.reverses || reversing > 0,
    modifies: submission.modifies || reversing < asks.length,
  };
};

/** The lines of a modification file: finds what they name, judges, and writes the changes; in a dry run beside the ledger. */
const applyModifications = async (
  writer: Writer,
  submission: Submission,
  groups: readonly RecordGroup[],
  { eventType }: { eventType: EventType },
): Promise<readonly Verdict[]> => {
  const { id, check, channel, fileName, sender } = submission;
  const standings = await findStandings(writer, wantedOf(groups, eventType.id));
  const now = await writer.now(); // once the rows are ours: what was approved at its locking date meanwhile is locked for us too
  if (check) await recallChecked(writer, id, standings);
  const { verdicts, changes, changed } = judgeAll(groups, standings, eventType, now);
  const explained = await explainLostIds(writer, eventType.id, verdicts);
  if (check) await keepChecked(writer, id, changed);
  else await recordChanges(writer, changes, { at: now, channel, source: fileName, sender });
  return explained;
};

/**
 * Applies a chunk in the caller's database transaction: finds what it names, judges line by line with one "now", writes
 * changes, outcomes and the position in the file together. A dry run keeps what would have changed beside the ledger.
 * Resolves to the submission as it stands then, and the outcomes. Throws Fault `claim-lost` (retry) when another process has taken it over.
 */
export const applyChunk = async (
  writer: Writer,
  submission: Submission,
  groups: readonly RecordGroup[],
  eventType: EventType,
): Promise<{ submission: Submission; verdicts: readonly Verdict[] }> => {
  const { id, claim, position } = submission;
  const now = await writer.now();
  const apply = areConversions(groups) ? applyConversions : applyModifications;
  const verdicts = await apply(writer, submission, groups, { eventType, now });
  await insertRows(writer, id, verdicts);
  const next = advanceOf(submission, verdicts, eventType);
  await advance(writer, { id, claim, position }, next);
  return { submission: { ...submission, ...next }, verdicts };
};
