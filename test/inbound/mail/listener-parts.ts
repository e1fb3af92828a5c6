import type { JudgeSender } from '../../../src/inbound/mail/judgement.ts';
import type { MailLimits } from '../../../src/inbound/mail/limits.ts';
import type { ListenerRules } from '../../../src/inbound/mail/listener.ts';

export const limits: MailLimits = {
  ...{ connections: 300, connectionsPerPeer: 300, recipients: 100, idle: 60_000 },
  ...{ senderHourly: 100_000, addressHourly: 100_000 },
};

export const rules: ListenerRules = {
  domain: 'submit.example.test',
  maxSize: 25 * 1024 ** 2,
  limits,
  eventTypes: [
    {
      ...{ eventTypeId: 4521, timezone: 'America/New_York', senders: ['*@brand.example'], authentication: 'off' },
      addresses: [{ local: 'Sale-7f3k' }, { local: 'sale-old', until: '2026-11-20' }],
    },
    {
      ...{ eventTypeId: 4600, timezone: 'UTC', senders: ['*@brand.example'], authentication: 'off' },
      addresses: [{ local: 'lead-9x2m' }],
    },
  ],
};

/** Takes everybody. */
export const judgeNobody: JudgeSender = () =>
  Promise.resolve({
    evidence: { headerFrom: [], proof: null, spf: null, dkim: null, dmarc: null, automatic: null, reasons: [] },
    refusals: new Map(),
  });
