import type { EventType, LockingRule } from '../../src/ledger/event-type.ts';
import type { LedgerContext } from '../../src/ledger/ledger-row.ts';

const eventType = (id: number, currency: string, locking: LockingRule): EventType => ({
  ...{ id, name: 'Online sale', code: 'online_sale', currency, locking },
  ...{ timezone: 'America/New_York', payout: { kind: 'proportional' }, dispositions: [] },
});

/** The event types and partners of `fixtures/ledger`. */
export const eventTypes = [
  eventType(4521, 'USD', { kind: 'monthEnd', months: 0, days: 27 }),
  eventType(4600, 'JPY', { kind: 'afterEvent', days: 14 }),
];
export const context: LedgerContext = {
  eventTypes: new Map(eventTypes.map((type) => [type.id, type])),
  partners: new Set(['acme', 'beta']),
};
