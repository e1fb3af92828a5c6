/** Values that say who somebody is. Shown in full only to those whose role needs them. */

/** Fields of a transaction about a customer. */
const fields = ['email', 'firstName', 'lastName', 'mobile', 'address1', 'address2', 'postcode', 'birthDate'];

/** `kim@brand.example` → `k…@brand.example`; anything else keeps its first character. */
export const masked = (text: string): string => {
  const at = text.lastIndexOf('@');
  const [first = ''] = text;
  return at > 0 ? `${first}…${text.slice(at)}` : `${first}…`;
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
