import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { systemClock } from '../clock.ts';
import { processEnvironment } from '../settings/environment.ts';
import { suggestion } from '../settings/suggest.ts';
import { wrongUse } from './arguments.ts';
import type { CliCommand, Session } from './command.ts';
import { commandsFor } from './commands.ts';
import { tell } from './edge.ts';
import { tuneEngine } from './engine.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { makeOutput } from './output.ts';
import { version } from './version.ts';

const about = `Nightdrop brings partners their new transactions: one file a night, frozen once, on the partner's own drop.

With --json, stdout holds exactly one JSON document and everything else goes to stderr.
Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 nothing to do.`;

const afterHelp = `
First steps:
  $ npx nightdrop serve                         the service, with the configuration in ./config and its data in ./var
  $ npx nightdrop check                         every problem of the configuration, with what to write instead
  $ npx nightdrop ledger sample --count 100     synthetic transactions, to try things with
  $ npx nightdrop export FEED                   what the clock would do now
  $ npx nightdrop help COMMAND                  more on one command, with examples`;

const examplesText = ({ examples }: CliCommand): string => {
  const width = Math.max(0, ...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  $ npx nightdrop ${line.padEnd(width)}   ${what}`);
  return lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`;
};

/** What the groups are about. */
const groups: Readonly<Record<string, string>> = {
  ledger: 'the transactions: add, show, sample',
  person: 'who may sign in: add, list, remove',
  token: 'what programs show: create, list, revoke',
};

/** Commands of two words stand below a group: `ledger` holds `add`, `show` and `sample`. */
const placeFor = (program: Command, { name }: CliCommand): Command => {
  const [group = '', word] = name.split(' ');
  const found = program.commands.find((command) => command.name() === group);
  if (word === undefined) return found ?? program.command(group);
  found?.allowExcessArguments(true); // so that a mistyped second word is told as such, see refuseUnknownWord
  return (found ?? program.command(group).description(groups[group] ?? '')).command(word);
};

const add = (program: Command, definition: CliCommand, run: (line: Command) => Promise<void>): void => {
  const place = placeFor(program, definition);
  place.summary(definition.summary).description([definition.summary, definition.details ?? ''].join('\n\n').trim());
  for (const { name, text } of definition.args) place.argument(name, text);
  for (const { flags, text } of definition.options) place.option(flags, text);
  place.addHelpText('after', examplesText(definition));
  place.action(async () => run(place));
};

/** `deliveries` is a command and a group: what follows it is meant as the second word. */
const refuseUnknownWord = (place: Command, { name }: CliCommand): void => {
  const [word] = place.args;
  const known = place.commands.map((command) => command.name());
  if (word !== undefined && known.length > 0)
    throw wrongUse(`${name} ${word}`, 'there is no such command', suggestion(word, known));
};

const frame = (): Command =>
  new Command('nightdrop')
    .description(about)
    .version(version(), '--version', 'print the version')
    .option('--config <dir>', 'folder of the configuration (default: ./config)')
    .option('--data <dir>', 'folder of the data; relative paths in the configuration start here (default: ./var)')
    .option('--json', 'the answer as one JSON document')
    .helpOption('-h, --help', 'what there is, with examples')
    .helpCommand('help [command]', 'more on one command, with examples')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .showHelpAfterError('(nightdrop --help lists what there is)')
    .addHelpText('after', afterHelp)
    .exitOverride();

const sessionOf = (options: Record<string, string | boolean | undefined>): Session => ({
  configFolder: resolve(String(options['config'] ?? 'config')),
  dataFolder: resolve(String(options['data'] ?? 'var')),
  env: processEnvironment(),
  clock: systemClock,
  out: makeOutput(options['json'] === true, process),
});

/** commander has said it in words on stderr; this is the same as the one JSON document. */
const usageDocument = ({ message }: CommanderError) => {
  const reason = message.replace(/^error: /, '');
  return { error: { operation: 'use', object: 'nightdrop', reason, hint: 'nightdrop --help', code: 'usage' } };
};

/** Runs one command line (without `node` and the file). Resolves to the exit code; never rejects. */
export const run = async (line: readonly string[]): Promise<ExitCode> => {
  let code: ExitCode = exit.done;
  const program = frame();
  for (const definition of await commandsFor(line)) {
    add(program, definition, async (place) => {
      const options = place.optsWithGlobals<Record<string, string | boolean | undefined>>();
      const session = sessionOf(options);
      try {
        refuseUnknownWord(place, definition);
        code = await definition.run({ args: place.args, options }, session);
      } catch (error) {
        code = tell(error, definition.name, session.out);
      }
    });
  }
  try {
    await program.parseAsync(line, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exit.done;
    if (line.includes('--json')) process.stdout.write(`${JSON.stringify(usageDocument(error), null, 2)}\n`);
    return exit.wrong;
  }
  return code;
};

tuneEngine();
const code = await run(process.argv.slice(2));
process.exitCode = code;
// A connection that does not answer must not keep a finished command alive; first all that was said is written out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
