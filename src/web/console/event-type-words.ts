import { openCapDays } from '../../ledger/locking.ts';
import type { Disposition, EventType } from '../../ledger/event-type.ts';
import type { Intake } from '../context.ts';

const days = (n: number): string => `${n} ${n === 1 ? 'day' : 'days'}`;
const months = (n: number): string => `${n} ${n === 1 ? 'month' : 'months'}`;

/** When its actions can no longer be changed, as a sentence. */
export const lockingText = ({ locking, timezone }: EventType): string => {
  const zone = `, by the clock of ${timezone}`;
  switch (locking.kind) {
    case 'monthEnd': {
      const parts = [locking.months > 0 ? months(locking.months) : '', locking.days > 0 ? days(locking.days) : ''];
      const later = parts.filter((part) => part !== '').join(' and ');
      return later === ''
        ? `Actions lock at the end of the month of their event${zone}.`
        : `Actions lock ${later} after the end of the month of their event${zone}.`;
    }
    case 'afterEvent':
      return `Actions lock ${days(locking.days)} after their event${zone}.`;
    case 'open':
      return `Actions stay open; they lock ${openCapDays} days after their event at the latest.`;
    default:
      return locking satisfies never;
  }
};

/** How strictly it is looked whether a mail is from whom it says. */
export const authenticationText: Record<Intake['authentication'], string> = {
  off: 'not looked at: the sender named in the mail is believed',
  record: 'SPF, DKIM and DMARC are looked at and kept with the file; nothing is refused for them',
  require: 'a mail must prove its sender by SPF or DKIM (DMARC), otherwise it is refused',
};

/** What the sender hears afterwards. */
export const replyText: Record<Intake['reply'], string> = {
  none: 'no answer by mail',
  summary: 'a mail with the counts by outcome',
  result: 'a mail with the counts and the result file',
};

export const actionText: Record<Disposition['action'], string> = {
  modify: 'the amount decides: 0 reverses, anything else changes',
  approve: 'approves the action',
  reject: 'reverses the action',
  none: 'is noted and changes nothing',
};
