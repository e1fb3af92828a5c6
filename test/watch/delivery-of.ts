import type { Delivery } from '../../src/outbound/delivery/delivery.ts';

/** A pending delivery, with changes. */
export const deliveryOf = (changes: Partial<Delivery> = {}): Delivery => ({
  id: 1,
  batchId: changes.id ?? 1,
  feed: 'acme-nightly',
  dropName: 'acme-sftp',
  ordering: 'strict',
  state: 'pending',
  attempts: 0,
  claim: 0,
  holder: null,
  leasedUntil: null,
  createdAt: 0,
  nextAttemptAt: 0,
  startedAt: null,
  deliveredAt: null,
  seen: null,
  pickedUpAt: null,
  resend: false,
  error: null,
  hint: null,
  errorCode: null,
  settledReason: null,
  fileName: `acme_${changes.id ?? 1}.csv`,
  bytes: 1,
  ...changes,
});
