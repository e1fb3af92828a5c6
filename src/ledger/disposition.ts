import type { Disposition } from './event-type.ts';

/** What a reason does to a transaction; `reset` undoes earlier changes. */
export type DispositionAction = Disposition['action'] | 'reset';

/**
 * The standard reason codes (domain.md 1.2). `APPROVED` is not one of them: it approves only where an event type lists it
 * among its own codes.
 */
export const standardReasons: readonly string[] = [
  ...['ORDER_UPDATE', 'ITEM_RETURNED', 'ITEM_OUT_OF_STOCK', 'ORDER_ERROR', 'CONS_FRAUD', 'CONS_ERROR'],
  ...['CONS_INFO_INVALID', 'PUB_ACT_DISPUTE', 'ADV_ACT_DISPUTE', 'NOT_COMPLIANCE_TERMS', 'TEST_ACTION'],
  ...['PARTNER_NOT_ACTIVE', 'MP_RETURNED', 'REJECTED', 'OTHER', 'RESET'],
];

/** Codes by which the amount decides, known to every event type unless its own list gives them another meaning. */
export const standardCodesOf = ({ dispositions }: { dispositions: readonly Disposition[] }): string[] =>
  standardReasons.filter((code) => !dispositions.some((own) => own.code === code));

/**
 * What a reason does: the event type's own codes first, case-sensitive, then the standard ones, which leave it to the
 * amount. Undefined when it is neither.
 */
export const actionOf = (reason: string, own: readonly Disposition[]): DispositionAction | undefined => {
  const custom = own.find(({ code }) => code === reason);
  if (custom) return custom.action;
  if (!standardReasons.includes(reason)) return undefined;
  return reason === 'RESET' ? 'reset' : 'modify';
};
