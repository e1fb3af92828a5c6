import { asFault } from '../fault.ts';
import { endingKeys, endingKeyText } from '../outbound/feed/key-watch.ts';
import { loadSettings } from '../settings/load-settings.ts';
import type { Problem } from '../settings/problem.ts';
import type { Settings } from '../settings/settings.ts';
import type { CliCommand, Session } from './command.ts';
import { problemText } from './edge.ts';
import { exit } from './exit-code.ts';
import { plural } from './output.ts';
import { hasDatabase, openDatabase, problemsWithHistory, sourcesOf } from './wire.ts';

/** What the database adds; one that cannot be reached is no fault of the configuration's. */
const historyOf = async (settings: Settings, session: Session): Promise<Problem[]> => {
  if (!hasDatabase(settings)) return [];
  try {
    const store = await openDatabase(settings, session);
    return await problemsWithHistory(store, settings).finally(() => store.close());
  } catch (error) {
    const { message, hint } = asFault(error, 'open', 'the database');
    session.out.say(`The feeds' history was not looked at: ${message} (${hint})`);
    return [];
  }
};

const human = (problems: readonly Problem[]): string =>
  problems.length === 0
    ? 'The configuration is in order.'
    : [...problems.map(problemText), plural(problems.length, 'problem')].join('\n');

export const check: CliCommand = {
  name: 'check',
  args: [],
  options: [],
  summary: 'reads the configuration and prints every problem, with what to write instead',
  details:
    'Nothing is run and nothing is sent. Where the database exists, it is opened, and brought to the schema of this ' +
    'version as any command does, and the feeds are compared with their history too: a feed that is missing, or one ' +
    'that has become wider. Exit code 2 when there is a problem.',
  examples: [
    ['check', 'the configuration in ./config'],
    ['check --config /etc/nightdrop --json', 'the same as [{file, field, value, message, hint}]'],
  ],
  run: async (_call, session) => {
    const loaded = await loadSettings(sourcesOf(session));
    const problems = loaded.ok ? await historyOf(loaded.settings, session) : loaded.problems;
    const ending = loaded.ok ? await endingKeys(loaded.settings.feeds, session.clock.now()) : [];
    for (const key of ending) session.out.say(`Soon: ${endingKeyText(key)}`);
    session.out.answer(problems, human);
    return problems.length === 0 ? exit.done : exit.wrong;
  },
};
