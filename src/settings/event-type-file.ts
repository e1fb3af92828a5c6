import { z } from 'zod';
import type { Inbox } from '../inbound/submission/inbox.ts';
import type { Disposition, EventType, LockingRule, PayoutRule } from '../ledger/event-type.ts';
import { type ConversionSection, readConversionSection } from './conversion-section.ts';
import { readHoldSection } from './hold-section.ts';
import { readInboxSection } from './inbox-section.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import type { Intake } from './settings.ts';
import { leaf, missing, oneOf, read, strict, text, textAs, whole, Wrong } from './shape.ts';
import { currency, day, localPart, mailAddress, zone } from './values.ts';

const sendersHint = 'write who may send, such as senders: ["*@brand.example"]; or leave the address out';
const lockingHint = 'write {months: 1, days: 0}, {daysAfterEvent: 14} or open';

const payout = leaf((value): PayoutRule | Wrong => {
  if (value === 'proportional' || value === 'keep') return { kind: value };
  const hint = 'write proportional, keep or {percent: 5}';
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'percent')
    return new Wrong('is not a rule for the payout', hint);
  const percent = String(valueAt(value, ['percent']));
  const fits = /^\d{1,3}(\.\d{1,4})?$/.test(percent) && Number(percent) <= 100;
  return fits ? { kind: 'percent', percent } : new Wrong('the percentage must be from 0 to 100', hint);
});

const dispositionShape = strict({
  code: textAs('DAMAGED', (code) =>
    code === code.trim() && code.length <= 64
      ? code
      : new Wrong('is not a disposition code', 'at most 64 characters, no spaces around it'),
  ),
  name: text('Arrived damaged').optional(),
  action: oneOf(['modify', 'approve', 'reject', 'none']),
});

const address = leaf((value): { local: string; until?: string }[] | Wrong => {
  if (value === undefined || value === null) return missing('for example: sale-7f3k9q2m');
  if (Array.isArray(value)) return value as { local: string }[];
  const local = localPart.safeParse(value);
  if (local.success) return [{ local: local.data }];
  const [issue] = local.error.issues;
  const hint = issue?.code === 'custom' ? issue.params?.['hint'] : undefined;
  return new Wrong(issue?.message ?? '', String(hint));
});

const shape = strict({
  name: text('Online sale').optional(),
  code: text('online_sale').optional(),
  currency,
  timezone: zone.default('UTC'),
  address: address.optional(),
  senders: z.array(mailAddress(true)).default([]),
  authentication: oneOf(['off', 'record', 'require']).default('record'),
  locking: z.unknown().optional(),
  payout: payout.default({ kind: 'proportional' }),
  conversions: z.unknown().optional(),
  hold: z.unknown().optional(),
  inbox: z.unknown().optional(),
  dispositions: z.array(z.unknown()).default([]),
  reply: oneOf(['none', 'summary', 'result']).default('none'),
});

const afterMonth = strict({ months: whole(0, 24).default(0), days: whole(0, 27).default(0) });
const afterEvent = strict({ daysAfterEvent: whole(0, 730) });

const locking = (reading: Reading): LockingRule | undefined => {
  const raw = valueAt(reading.raw, ['locking']);
  if (raw === undefined) return { kind: 'monthEnd', months: 1, days: 0 };
  if (raw === 'open') return { kind: 'open' };
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || Object.keys(raw).length === 0) {
    report(reading, ['locking'], 'is not a locking rule', lockingHint);
    return undefined;
  }
  if ('daysAfterEvent' in raw && ('months' in raw || 'days' in raw)) {
    report(
      reading,
      ['locking'],
      'counts from the event and from the end of its month; only one is possible',
      lockingHint,
    );
    return undefined;
  }
  if ('daysAfterEvent' in raw) {
    const rule = read(reading, ['locking'], afterEvent).whole;
    return rule && { kind: 'afterEvent', days: rule.daysAfterEvent };
  }
  const rule = read(reading, ['locking'], afterMonth).whole;
  return rule && { kind: 'monthEnd', ...rule };
};

/** Reports each entry whose key was there before. */
const once = (reading: Reading, seen: Set<string>, key: string | undefined, path: Path, what: string): void => {
  if (key === undefined) return;
  if (seen.has(key)) report(reading, path, `the ${what} "${key}" is there twice`, 'keep one of the two');
  seen.add(key);
};

const dispositions = (reading: Reading, count: number): Disposition[] => {
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const path = ['dispositions', index];
    const { good, whole: all } = read(reading, path, dispositionShape);
    once(reading, seen, good.code, [...path, 'code'], 'disposition code');
    return all ? [{ code: all.code, name: all.name ?? all.code, action: all.action }] : [];
  }).flat();
};

const addressShape = strict({ local: localPart, until: day.optional() });

const addresses = (reading: Reading, given: { local: string; until?: string }[]): Intake['addresses'] => {
  if (!Array.isArray(valueAt(reading.raw, ['address']))) return given;
  return given.flatMap((_, index) => {
    const one = read(reading, ['address', index], addressShape).whole;
    return one ? [one.until === undefined ? { local: one.local } : { local: one.local, until: one.until }] : [];
  });
};

/** What one file of `event-types/` says. */
export interface EventTypeFile {
  eventType: EventType;
  conversions: ConversionSection;
  intake: Intake;
  inbox?: Inbox;
}

/** Reads `event-types/<id>.yaml`. */
export const readEventTypeFile = (reading: Reading, id: number): EventTypeFile | undefined => {
  const { good, whole: all } = read(reading, [], shape);
  const rule = locking(reading);
  const codes = dispositions(reading, good.dispositions?.length ?? 0);
  const conversions = readConversionSection(reading);
  const hold = readHoldSection(reading);
  const inbox = readInboxSection(reading, id);
  const locals = addresses(reading, good.address ?? []);
  if (locals.length > 0 && good.senders?.length === 0)
    report(reading, ['senders'], 'names nobody, so every mail to the address would be refused', sendersHint);
  if (!all || !rule || !conversions) return undefined;
  const name = all.name ?? `Event type ${id}`;
  const { currency: money, timezone, senders, authentication, reply } = all;
  return {
    eventType: {
      id,
      name,
      code: all.code ?? String(id),
      currency: money,
      timezone,
      locking: rule,
      payout: all.payout,
      dispositions: codes,
      ...(hold && { hold }),
    },
    ...(inbox && { inbox }),
    conversions,
    intake: { addresses: locals, senders, authentication, reply },
  };
};
