import type { EventType } from '../../../src/ledger/event-type.ts';

/** What the tests of submissions send their files to. */
export const eventType: EventType = {
  ...{ id: 4521, name: 'Online sale', code: 'online_sale', currency: 'USD', timezone: 'UTC' },
  locking: { kind: 'afterEvent', days: 30 },
  payout: { kind: 'proportional' },
  dispositions: [
    { code: 'DAMAGED', name: 'Arrived damaged', action: 'reject' },
    { code: 'VALIDATED', name: 'Validated', action: 'approve' },
    { code: 'SEEN', name: 'Seen', action: 'none' },
  ],
};
