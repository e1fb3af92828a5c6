import { actionOf } from '../../ledger/disposition.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { judge, type Judgement, type Modification } from '../../ledger/modification.ts';
import type { FoundTransaction, LedgerChange } from '../../ledger/standing-row.ts';
import { type Minor, parseAmount } from '../../money.ts';
import type { RecordGroup } from './group.ts';
import type { Outcome } from './outcome.ts';
import { type Ask, type AskedItem, type FileRecord, namedTwice } from './record.ts';

/** What became of one line. A sentence of its own only where the table's does not say enough. */
export interface Verdict {
  record: FileRecord;
  /** That of the line, or of the transaction that it names. */
  orderId: string | null;
  outcome: Outcome;
  message?: string;
  hint?: string;
}

/** Finds the transaction that a line names, as it stands after all lines before it. */
export type FindTransaction = (record: FileRecord) => FoundTransaction | undefined;

export interface GroupJudgement {
  /** One for each line of the group, in order. */
  verdicts: Verdict[];
  change?: LedgerChange;
  /** The transaction as it stands afterwards, when it changed. */
  after?: FoundTransaction;
}

interface Rejected {
  record: FileRecord;
  message: string;
  hint?: string;
}

/** A line whose values were understood. */
interface Asking {
  record: FileRecord;
  ask: Ask;
}

/** Judges the lines that make one change, together: pure, given what the ledger holds. */
export const judgeGroup = (
  group: RecordGroup,
  find: FindTransaction,
  eventType: EventType,
  now: number,
): GroupJudgement => {
  const verdicts = new Map<FileRecord, Verdict>();
  let found: FoundTransaction | undefined;
  const say = (record: FileRecord, verdict: Omit<Verdict, 'record' | 'orderId'>): void =>
    void verdicts.set(record, { record, orderId: record.orderId ?? found?.orderId ?? null, ...verdict });
  const asking: Asking[] = [];
  for (const record of group) {
    if ('refusal' in record.content) say(record, record.content.refusal);
    else if ('ask' in record.content) asking.push({ record, ask: record.content.ask });
  }
  const done = (change?: Pick<GroupJudgement, 'change' | 'after'>): GroupJudgement => ({
    verdicts: group.flatMap((record) => verdicts.get(record) ?? []),
    ...change,
  });
  const [first] = asking;
  if (!first) return done();
  found = find(first.record);
  if (!found) {
    for (const { record } of asking) say(record, { outcome: 'ACTION_NOT_FOUND' });
    return done();
  }
  const judged = judgeAsking(asking, found, eventType, now);
  for (const { record, ...text } of judged.rejected) say(record, { outcome: 'MALFORMED', ...text });
  for (const { record } of judged.accepted) say(record, { outcome: judged.outcome });
  return done(judged.applied && changeOf(judged.applied, found, first));
};

type Applied = Extract<Judgement, { after: unknown }>;

interface AskingJudged {
  rejected: Rejected[];
  accepted: Asking[];
  outcome: Outcome;
  applied?: Applied;
}

/** Leaves out the lines that do not fit the transaction, and judges the others as one modification. */
const judgeAsking = (
  asking: readonly Asking[],
  found: FoundTransaction,
  eventType: EventType,
  now: number,
): AskingJudged => {
  const [first] = asking;
  // An unknown reason is told before what the items lack (the order of the checks is public).
  if (actionOf(first?.ask.reason ?? '', eventType.dispositions) === undefined)
    return { rejected: [], accepted: [...asking], outcome: 'BAD_DISPOSITION' };
  const rejected: Rejected[] = [];
  const accepted: Asking[] = [];
  const named = new Set<string>();
  for (const one of asking) {
    const why = misfit(one.ask, found, eventType, named);
    if (why) rejected.push({ record: one.record, ...why });
    else accepted.push(one);
    if (!why) for (const { sku } of one.ask.items ?? []) named.add(sku);
  }
  const [leading] = accepted;
  if (!leading) return { rejected, accepted, outcome: 'MALFORMED' };
  const judgement = judge(found, modificationOf(leading.ask, accepted, found.currency), eventType, now);
  if (judgement.outcome === 'UNKNOWN_SKU') throw new Error('an unknown SKU was let through');
  if (judgement.outcome === 'OUT_OF_RANGE') {
    const beyond = accepted.map(({ record }) => ({ record, ...outOfRange }));
    return { rejected: [...rejected, ...beyond], accepted: [], outcome: 'MALFORMED' };
  }
  return 'after' in judgement
    ? { rejected, accepted, outcome: judgement.outcome, applied: judgement }
    : { rejected, accepted, outcome: judgement.outcome };
};

type Misfit = Omit<Rejected, 'record'> | undefined;

const outOfRange = {
  message: 'Amount: the order or its payout would be below 0 or have more than 18 digits',
  hint: 'Send the final amount of the whole order.',
};

const itemMisfit = ({ sku }: AskedItem, { items }: FoundTransaction, named: ReadonlySet<string>): Misfit => {
  const known = items.filter((item) => item.sku === sku).length;
  if (known === 0) return { message: `Sku: the order has no item "${sku}"`, hint: 'Correct the SKU.' };
  if (known > 1)
    return {
      message: `Sku: the order has ${known} items "${sku}", and nobody can tell which is meant`,
      hint: 'Send the final amount of the whole order instead.',
    };
  return named.has(sku) ? namedTwice(sku) : undefined;
};

/** An amount whose digits mean another sum in another currency; 0 is 0 in all. */
const isSum = (amount: string | undefined): boolean => amount !== undefined && !/^[0.]+$/.test(amount);

/** Amounts were read in the line's currency, else in the event type's; they are never taken for another's. */
const currencyMisfit = (
  { currency, amount, items = [] }: Ask,
  found: FoundTransaction,
  eventType: EventType,
): Misfit => {
  if (currency !== undefined)
    return currency === found.currency
      ? undefined
      : {
          message: `CurrencyCode: the action is in ${found.currency}, not ${currency}`,
          hint: `Convert the amount to ${found.currency}, and send CurrencyCode ${found.currency} with it.`,
        };
  if (eventType.currency === found.currency || ![amount, ...items.map((item) => item.amount)].some(isSum))
    return undefined;
  return {
    message: `Amount: the action is in ${found.currency}, and without CurrencyCode the amount is in ${eventType.currency}`,
    hint: `Send the amount in ${found.currency}, with CurrencyCode ${found.currency}.`,
  };
};

/** Why a line cannot be meant for this transaction, after lines that have `named` some of its items. */
const misfit = (ask: Ask, found: FoundTransaction, eventType: EventType, named: ReadonlySet<string>): Misfit =>
  currencyMisfit(ask, found, eventType) ??
  (ask.items ?? []).map((item) => itemMisfit(item, found, named)).find((why) => why !== undefined);

const minor = (amount: string | undefined, currency: string): Minor => parseAmount(amount ?? '0', currency) ?? 0n;

const modificationOf = (ask: Ask, accepted: readonly Asking[], currency: string): Modification => {
  const items = accepted.flatMap((one) => one.ask.items ?? []);
  return {
    reason: ask.reason,
    ...(ask.amount !== undefined && { amount: minor(ask.amount, currency) }),
    ...(ask.customerStatus !== undefined && { customerStatus: ask.customerStatus }),
    ...(items.length > 0 && {
      items: items.map(({ sku, quantity, amount }) => ({ sku, quantity, amount: minor(amount, currency) })),
    }),
  };
};

const changeOf = (
  { change, after }: Applied,
  found: FoundTransaction,
  { record, ask }: Asking,
): Required<Pick<GroupJudgement, 'change' | 'after'>> => {
  const { id, amount, payout, status, customerStatus, items, modifications } = found;
  return {
    change: {
      ...{ id, change, after, reason: ask.reason, line: record.line },
      before: { amount, payout, status, customerStatus, items },
    },
    after: { ...found, ...after, modifications: modifications + 1 },
  };
};
