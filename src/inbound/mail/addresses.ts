import { domainToASCII } from 'node:url';
import { instantOf } from '../../zoned-time.ts';

/** An event type and the addresses that files for it are mailed to. */
export interface AddressedType {
  eventTypeId: number;
  /** IANA zone in which `until` is a day. */
  timezone: string;
  /** Local parts; one with `until` (YYYY-MM-DD) is taken up to the end of that day. */
  addresses: readonly { local: string; until?: string }[];
}

/** Every address that mail is taken for. */
export interface AddressBook {
  domain: string;
  /** By local part in lower case; `endsAt` in milliseconds. */
  locals: ReadonlyMap<string, { eventTypeId: number; endsAt: number }>;
}

/** What an envelope's recipient stands for: an event type, for real or as a dry run. Or why it is refused. */
export type Found =
  { kind: 'found'; eventTypeId: number; check: boolean } | { kind: 'elsewhere' | 'unknown' | 'ended' };

/** Written behind a local part it makes a dry run of the mail. */
export const checkSuffix = '+check';

const endOfDay = (zone: string, day: string): number => {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const next = new Date(Date.UTC(year, month - 1, date + 1));
  const midnight = { hour: 0, minute: 0, second: 0 };
  return instantOf(zone, {
    ...{ year: next.getUTCFullYear(), month: next.getUTCMonth() + 1, day: next.getUTCDate() },
    ...midnight,
  });
};

/** A domain in the one form in which two are compared; names outside ASCII in their `xn--` form. */
const domainKey = (domain: string): string => domainToASCII(domain) || domain.toLowerCase();

export const makeAddressBook = (domain: string, types: readonly AddressedType[]): AddressBook => ({
  domain: domainKey(domain),
  locals: new Map(
    types.flatMap(({ eventTypeId, timezone, addresses }) =>
      addresses.map(({ local, until }) => {
        const endsAt = until === undefined ? Infinity : endOfDay(timezone, until);
        return [local.toLowerCase(), { eventTypeId, endsAt }] as const;
      }),
    ),
  ),
});

/** The one spelling of an address in which two are compared: its domain has as many as there are letters that look alike. */
export const addressKey = (address: string): string => {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at).toLowerCase()}@${domainKey(address.slice(at + 1))}`;
};

/** Looks up a recipient of the envelope, without regard to case. */
export const findAddress = ({ domain, locals }: AddressBook, address: string, now: number): Found => {
  const at = address.lastIndexOf('@');
  if (at < 1 || domainKey(address.slice(at + 1)) !== domain) return { kind: 'elsewhere' };
  const written = address.slice(0, at).toLowerCase();
  const check = written.endsWith(checkSuffix);
  const entry = locals.get(check ? written.slice(0, -checkSuffix.length) : written);
  if (!entry) return { kind: 'unknown' };
  return now < entry.endsAt ? { kind: 'found', eventTypeId: entry.eventTypeId, check } : { kind: 'ended' };
};

/** Characters that nobody mistakes for others, 32 of them. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz';

/** How many random bytes a fresh local part takes: 80 bits cannot be guessed. */
export const freshLocalBytes = 16;

/** A local part that cannot be guessed: the word, so that people tell it from others, and 16 random characters. */
export const freshLocal = (word: string, random: Uint8Array): string => {
  const said = word
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const unguessable = [...random].map((byte) => letters[byte % letters.length]).join('');
  return said === '' ? unguessable : `${said}-${unguessable}`;
};
