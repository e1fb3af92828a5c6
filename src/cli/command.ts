import type { Clock } from '../clock.ts';
import type { ExitCode } from './exit-code.ts';
import type { Output } from './output.ts';

/** What every command is given besides its own arguments. */
export interface Session {
  /** Absolute. */
  configFolder: string;
  /** Absolute. */
  dataFolder: string;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  out: Output;
}

/** What was typed: texts as they came. The readers in `arguments.ts` make values of them. */
export interface Call {
  args: readonly string[];
  /** By long name in camel case; `true` for an option without a value. */
  options: Readonly<Record<string, string | boolean | undefined>>;
}

export interface OptionText {
  /** As commander reads it: `--from <time>`. */
  flags: string;
  text: string;
}

/** One command, as plain data: `main.ts` makes the command line of it. */
export interface CliCommand {
  /** One word, or two for a command of a group: `ledger add`. */
  name: string;
  /** In order; `<feed>` is required, `[feed]` is not. */
  args: readonly { name: string; text: string }[];
  options: readonly OptionText[];
  /** One line for the list of commands. */
  summary: string;
  /** What one should know before using it. */
  details?: string;
  /** A command line without `npx nightdrop`, and what it does. */
  examples: readonly (readonly [string, string])[];
  run(call: Call, session: Session): Promise<ExitCode>;
}
