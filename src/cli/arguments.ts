import { Fault } from '../fault.ts';
import { suggestion } from '../settings/suggest.ts';
import type { Call } from './command.ts';

/** The command was used wrongly: exit code 2. */
export const wrongUse = (what: string, reason: string, hint: string): Fault =>
  new Fault({ operation: 'use', object: what, reason, hint, next: 'refuse', code: 'usage' });

/** A required argument; commander has seen to it that it is there. */
export const argument = (call: Call, index: number): string => call.args[index] ?? '';

export const textOption = (call: Call, name: string): string | undefined => {
  const value = call.options[name];
  return typeof value === 'string' ? value : undefined;
};

export const flag = (call: Call, name: string): boolean => call.options[name] === true;

/** A whole number from 1 on, as in `12`. */
export const positive = (text: string, what: string): number => {
  const read = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (read > 0) return read;
  throw wrongUse(what, `"${text}" is not a whole number from 1 on`, `write it in digits; for example: ${what} 12`);
};

const instantPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** `2026-11-20` (midnight UTC) or `2026-11-20T02:00:00+01:00`, as milliseconds. */
export const instant = (text: string, what: string): number => {
  const at = instantPattern.test(text) ? Date.parse(text) : NaN;
  const sameDay = !Number.isNaN(at) && !Number.isNaN(Date.parse(text.slice(0, 10))) && dayExists(text.slice(0, 10));
  if (sameDay) return at;
  const hint =
    'write a day (2026-11-20, from midnight UTC) or an instant with its zone (2026-11-20T02:00:00Z, …+01:00)';
  throw wrongUse(what, `"${text}" is not an instant`, hint);
};

/** Date.parse takes 2026-02-30 for March 2nd. */
const dayExists = (day: string): boolean => new Date(Date.parse(day)).toISOString().startsWith(day);

/** One of the words, or a usage Fault with what would be right. */
export const oneOf = <const W extends string>(text: string, words: readonly W[], what: string): W => {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw wrongUse(what, `"${text}" is not possible here`, suggestion(text, words));
};

/** The thing of that name, or a usage Fault with the nearest name. */
export const named = <T extends { name: string }>(things: readonly T[], name: string, kind: string): T => {
  const found = things.find((thing) => thing.name === name);
  if (found) return found;
  throw wrongUse(
    `the ${kind} "${name}"`,
    `there is no such ${kind}`,
    suggestion(
      name,
      things.map((thing) => thing.name),
    ),
  );
};
