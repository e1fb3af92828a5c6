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

const day = 86_400_000;

/** The same, with partners that conversion files may name: 7788 is acme's, 9900 that of a partner who has left. */
export const conversionType: EventType = {
  ...eventType,
  payout: { kind: 'percent', percent: '5' },
  conversions: {
    ...{ campaigns: ['1000'], chainedTo: [4521, 4600], maxAge: 88 * day, maxAgeWithPartner: 398 * day },
    partners: new Map([
      ['7788', 'acme'],
      ['7789', 'acme'],
      ['8800', 'orbit'],
      ['9900', 'gone'],
    ]),
    activePartners: new Set(['acme', 'orbit']),
  },
};
