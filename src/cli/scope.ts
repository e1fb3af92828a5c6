import type { Settings } from '../settings/settings.ts';
import { suggestion } from '../settings/suggest.ts';
import { type Role, roles, type Scope } from '../web/people/may.ts';
import { oneOf, textOption, wrongUse } from './arguments.ts';
import type { Call, OptionText } from './command.ts';

/** The options that say what somebody may see. */
export const scopeOptions: readonly OptionText[] = [
  { flags: '--role <role>', text: `one of ${roles.join(', ')}` },
  { flags: '--event-types <ids>', text: 'of an advertiser: its event types, as in 4521,4522' },
  { flags: '--partner <names>', text: 'of a partner: all its feeds, those to come too' },
  { flags: '--feeds <names>', text: 'of a partner: only these feeds' },
];

const wordsOf = (call: Call, option: string): string[] =>
  (textOption(call, option) ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

const known = (words: readonly string[], all: readonly string[], what: string): readonly string[] => {
  const wrong = words.find((word) => !all.includes(word));
  if (wrong !== undefined) throw wrongUse(`the ${what} "${wrong}"`, `there is no such ${what}`, suggestion(wrong, all));
  return words;
};

const namesOf = (things: readonly { name: string }[]): string[] => things.map(({ name }) => name);

const unasked: Record<Role, readonly string[]> = {
  ops: ['eventTypes', 'partner', 'feeds'],
  advertiser: ['partner', 'feeds'],
  partner: ['eventTypes'],
};

const flagOf = (option: string): string => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const refuseUnasked = (call: Call, role: Role): void => {
  const found = unasked[role].find((option) => textOption(call, option) !== undefined);
  if (found !== undefined)
    throw wrongUse(flagOf(found), `it says nothing for the role ${role}`, 'leave it out, or choose another --role');
};

/** The scope that the options name, checked against the configuration; a usage Fault for anything that is not in it. */
export const scopeOf = (call: Call, { eventTypes, partners, feeds }: Settings): Scope => {
  const given = textOption(call, 'role');
  if (given === undefined) throw wrongUse('--role', 'it is missing', `write one of: ${roles.join(', ')}`);
  const role = oneOf(given, roles, '--role');
  refuseUnasked(call, role);
  switch (role) {
    case 'ops':
      return { role };
    case 'advertiser': {
      const ids = known(wordsOf(call, 'eventTypes'), [...eventTypes.keys()].map(String), 'event type').map(Number);
      if (ids.length === 0) throw wrongUse('--event-types', 'an advertiser needs at least one', 'as in 4521,4522');
      return { role, eventTypes: ids };
    }
    case 'partner': {
      const own = known(wordsOf(call, 'partner'), namesOf(partners), 'partner');
      const some = known(wordsOf(call, 'feeds'), namesOf(feeds), 'feed');
      if (own.length + some.length === 0)
        throw wrongUse('--role partner', 'neither --partner nor --feeds is given', 'say which feeds: --partner NAME');
      return { role, partners: own, feeds: some };
    }
    default:
      return role satisfies never;
  }
};

/** A scope in words. */
export const scopeText = (scope: Scope): string => {
  switch (scope.role) {
    case 'ops':
      return 'everything';
    case 'advertiser':
      return `event types ${scope.eventTypes.join(', ')}`;
    case 'partner':
      return [
        ...(scope.partners.length > 0 ? [`all feeds of ${scope.partners.join(', ')}`] : []),
        ...(scope.feeds.length > 0 ? [`feeds ${scope.feeds.join(', ')}`] : []),
      ].join('; ');
    default:
      return scope satisfies never;
  }
};
