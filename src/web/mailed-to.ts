import { checkSuffix } from '../inbound/mail/addresses.ts';
import type { Intake, WebSettings } from './context.ts';

/** How files for an event type are mailed: whole addresses, and who may send. */
export interface Mailed extends Omit<Intake, 'addresses'> {
  /** `check` is the form of the address for a dry run; `until` a day, or null. */
  addresses: { address: string; check: string; until: string | null }[];
}

/** Where files for an event type are mailed to; undefined where none are taken by mail. */
export const mailedTo = (
  { intakes, mailDomain }: Pick<WebSettings, 'intakes' | 'mailDomain'>,
  eventTypeId: number,
): Mailed | undefined => {
  const intake = intakes.get(eventTypeId);
  if (!intake || intake.addresses.length === 0 || mailDomain === undefined) return undefined;
  const addresses = intake.addresses.map(({ local, until }) => ({
    ...{ address: `${local}@${mailDomain}`, check: `${local}${checkSuffix}@${mailDomain}` },
    until: until ?? null,
  }));
  return { ...intake, addresses };
};
