import type { CliCommand } from './command.ts';

/**
 * By the first word of their names, in the order in which `--help` lists them. A command's files are loaded when it may
 * be meant: all of them together take longer to load than most commands to run.
 */
const loaders: Readonly<Record<string, () => Promise<readonly CliCommand[]>>> = {
  serve: async () => [(await import('./serve.ts')).serve],
  check: async () => [(await import('./check.ts')).check],
  doctor: async () => [(await import('./doctor.ts')).doctor],
  schedule: async () => [(await import('./schedule.ts')).schedule],
  export: async () => [(await import('./export.ts')).exportFeed],
  feeds: async () => [(await import('./feeds.ts')).feeds],
  batches: async () => [(await import('./batches.ts')).batches],
  deliveries: async () => {
    const { deliveriesRelease, deliveriesResend, deliveriesSettle } = await import('./deliveries-actions.ts');
    return [(await import('./deliveries.ts')).deliveries, deliveriesResend, deliveriesRelease, deliveriesSettle];
  },
  drops: async () => [(await import('./drops.ts')).drops, (await import('./drops-trust.ts')).dropsTrust],
  alerts: async () => [(await import('./alerts.ts')).alerts, (await import('./alerts-test.ts')).alertsTest],
  ledger: async () => [
    (await import('./ledger-add.ts')).ledgerAdd,
    (await import('./ledger-show.ts')).ledgerShow,
    (await import('./ledger-sample.ts')).ledgerSample,
  ],
  submit: async () => [(await import('./submit.ts')).submit],
  mail: async () => [(await import('./mail.ts')).mail],
  address: async () => [(await import('./address.ts')).address],
  submissions: async () => {
    const { submissions, submissionsShow } = await import('./submissions.ts');
    const { submissionsOriginal, submissionsRelease, submissionsResult } = await import('./submissions-actions.ts');
    const { submissionsUnmatched } = await import('./submissions-unmatched.ts');
    const files = [submissionsOriginal, submissionsResult];
    return [submissions, submissionsShow, ...files, submissionsRelease, submissionsUnmatched];
  },
  trace: async () => [(await import('./trace.ts')).trace],
  prove: async () => [(await import('./prove.ts')).prove],
  person: async () => {
    const { personAdd, personList, personRemove } = await import('./persons.ts');
    return [personAdd, personList, personRemove];
  },
  'sign-in': async () => [(await import('./persons.ts')).signIn],
  token: async () => {
    const { tokenCreate, tokenList, tokenRevoke } = await import('./tokens.ts');
    return [tokenCreate, tokenList, tokenRevoke];
  },
  audit: async () => [(await import('./audit.ts')).audit],
};

export const allCommands = async (): Promise<readonly CliCommand[]> =>
  (await Promise.all(Object.values(loaders).map((load) => load()))).flat();

/** The first word that is not an option of the program or its value: `feeds` in `--config DIR feeds --json`. */
const firstWord = ([word, ...rest]: readonly string[]): string | undefined => {
  if (word === '--config' || word === '--data') return firstWord(rest.slice(1));
  return word?.startsWith('-') ? firstWord(rest) : word;
};

/** The commands that a line may mean; all of them when it begins with none, as for help and for a mistyped word. */
export const commandsFor = async (line: readonly string[]): Promise<readonly CliCommand[]> => {
  const word = firstWord(line);
  return word !== undefined && Object.hasOwn(loaders, word) ? (loaders[word]?.() ?? []) : allCommands();
};
