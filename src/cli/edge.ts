import { asFault, Fault } from '../fault.ts';
import type { Problem } from '../settings/problem.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { plural, type Output } from './output.ts';

/** The configuration cannot be used: every problem at once. */
export class WrongConfiguration extends Fault {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], folder: string) {
    super({
      operation: 'read the configuration in',
      object: folder,
      reason: plural(problems.length, 'problem'),
      hint: 'correct them and try again; "npx nightdrop check" shows them again',
      next: 'refuse',
      code: 'configuration',
    });
    this.problems = problems;
  }
}

const shownValue = (value: Problem['value']): string => (value === null ? '' : ` (${JSON.stringify(value)})`);

/** One problem in two lines: where and what, then what to write instead. */
export const problemText = ({ file, field, value, message, hint }: Problem): string =>
  `${file}${field === '' ? '' : `: ${field}`}${shownValue(value)}: ${message}\n    ${hint}`;

/** A command that was told to stop, and did; also where a room has wrapped the interruption in words of its own. */
const isStopped = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'AbortError' || (asFault(error, '', '').next === 'bug' && isStopped(error.cause)));

/** The end of every error: told once, with what to do. Resolves to the exit code. */
export const tell = (error: unknown, command: string, out: Output): ExitCode => {
  const fault = isStopped(error) ? stopped(command) : asFault(error, 'run', command);
  if (fault instanceof WrongConfiguration) fault.problems.forEach((problem) => out.say(problemText(problem)));
  out.say(`nightdrop: ${fault.message}\n    ${fault.hint}`);
  if (fault.next === 'bug' && error instanceof Error) out.say(error.stack ?? '');
  if (out.json) out.answer(documentOf(fault), () => '');
  return fault.next === 'refuse' ? exit.wrong : exit.failed;
};

const stopped = (command: string): Fault =>
  new Fault({
    operation: 'run',
    object: command,
    reason: 'it was told to stop',
    hint: 'nothing is lost: the next run goes on where it stopped',
    next: 'retry',
    code: 'stopped',
  });

/** The error as the one JSON document. */
const documentOf = (fault: Fault) => {
  const { operation, object, reason, hint, code } = fault;
  const problems = fault instanceof WrongConfiguration ? { problems: fault.problems } : {};
  return { error: { operation, object, reason, hint, code, ...problems } };
};
