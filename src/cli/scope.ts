import type { Settings } from '../settings/settings.ts';
import { suggestion } from '../settings/suggest.ts';
import type { Fault } from '../fault.ts';
import { type Role, roles, type Scope } from '../web/people/may.ts';
import { type ScopeField, scopeFrom, type ScopeProblem } from '../web/people/scope-of.ts';
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

const options: Record<ScopeField, string> = { eventTypes: 'eventTypes', partners: 'partner', feeds: 'feeds' };
const nouns: Record<ScopeField, string> = { eventTypes: 'event type', partners: 'partner', feeds: 'feed' };

const flagOf = (field: ScopeField): string =>
  `--${options[field].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const refused = (problem: ScopeProblem, role: Role): Fault => {
  switch (problem.wrong) {
    case 'unasked': {
      const hint = 'leave it out, or choose another --role';
      return wrongUse(flagOf(problem.field), `it says nothing for the role ${role}`, hint);
    }
    case 'missing':
      return role === 'advertiser'
        ? wrongUse('--event-types', 'an advertiser needs at least one', 'as in 4521,4522')
        : wrongUse('--role partner', 'neither --partner nor --feeds is given', 'say which feeds: --partner NAME');
    case 'unknown': {
      const { word, possible } = problem;
      const noun = nouns[problem.field];
      return wrongUse(`the ${noun} "${word}"`, `there is no such ${noun}`, suggestion(word, possible));
    }
    default:
      return problem satisfies never;
  }
};

/** The scope that the options name, checked against the configuration; a usage Fault for anything that is not in it. */
export const scopeOf = (call: Call, settings: Settings): Scope => {
  const given = textOption(call, 'role');
  if (given === undefined) throw wrongUse('--role', 'it is missing', `write one of: ${roles.join(', ')}`);
  const role = oneOf(given, roles, '--role');
  const words = (field: ScopeField) =>
    textOption(call, options[field]) === undefined ? undefined : wordsOf(call, options[field]);
  const [ids, partners, feeds] = [words('eventTypes'), words('partners'), words('feeds')];
  const found = scopeFrom({ role, eventTypes: ids?.map(Number), partners, feeds }, settings);
  if ('wrong' in found) throw refused(found, role);
  return found.scope;
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
