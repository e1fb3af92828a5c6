import type { KnownCall } from '../route.ts';

/*
 * Values that say who somebody is. Shown in full only to those whose role needs them (`personalData.read`): the rule
 * stands in ../README.md, "Personal data".
 */

/** Fields of a transaction about a customer. */
const fields = [
  ...['email', 'firstName', 'lastName', 'mobile', 'customerId'],
  ...['address1', 'address2', 'city', 'postcode', 'birthDate'],
];

/** What of a value stays when it is masked. */
interface Parts {
  begin: string;
  end: string;
}

const partsOf = (text: string): Parts => {
  const at = text.lastIndexOf('@');
  const [begin = ''] = text;
  return { begin, end: at > 0 ? text.slice(at) : '' };
};

/** `kim@brand.example` → `k…@brand.example`; anything else keeps its first character. */
export const masked = (text: string): string => {
  const { begin, end } = partsOf(text);
  return `${begin}…${end}`;
};

/**
 * The filter for a sender. For one who sees senders masked it finds all that look the same, so that nobody learns by
 * asking what is not shown.
 */
export const senderFilter = (
  { may }: Pick<KnownCall, 'may'>,
  sender: string | undefined,
): { sender?: string; senderParts?: Parts } => {
  if (sender === undefined) return {};
  return may('personalData.read', {}) ? { sender } : { senderParts: partsOf(sender) };
};

const maskedOrNull = (value: unknown): unknown => (typeof value === 'string' && value !== '' ? masked(value) : value);

/** The same object with the values under these keys masked. */
const maskKeys = <T extends object>(value: T, keys: readonly string[]): T =>
  Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, keys.includes(key) ? maskedOrNull(part) : (part as unknown)]),
  ) as T;

/** A line of a list that names who sent something. */
export const maskSender = <T extends object>(line: T): T => maskKeys(line, ['sender']);

/** A transaction with its journal; custom attributes may hold anything and are left out. */
export const maskTransaction = <T extends { custom: object; journal: object[] }>(shown: T): T => ({
  ...maskKeys(shown, fields),
  custom: Object.fromEntries(Object.keys(shown.custom).map((name) => [name, '…'])),
  journal: shown.journal.map(maskSender),
});

/** A conversion of a line that names no partner: what it says of the customer masked, custom attributes left out. */
export const maskConversion = (conversion: Record<string, unknown>): Record<string, unknown> => ({
  ...maskKeys(conversion, fields),
  custom: Object.fromEntries(Object.keys(conversion['custom'] ?? {}).map((name) => [name, '…'])),
});
