import { Fault } from '../fault.ts';
import { showSubmission, statuses, type Submission } from '../inbound/submission/submission.ts';
import { findSubmission, findSubmissions } from '../inbound/submission/submissions.ts';
import { argument, oneOf, positive, textOption } from './arguments.ts';
import type { Call, CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { storyText, submissionsText } from './submission-text.ts';
import { storyOf } from './submit.ts';
import { type App, withApp } from './wire.ts';

export const idArgument = [{ name: '<id>', text: 'of the submission, as "submissions" lists it' }] as const;

/** The submission that a command names, or a usage Fault. */
export const submissionOf = async ({ store }: App, call: Call): Promise<Submission> => {
  const id = positive(argument(call, 0), 'the id of a submission');
  const found = await findSubmission(store.read, id);
  if (found) return found;
  throw new Fault({
    operation: 'find',
    object: `submission ${id}`,
    reason: 'there is no such submission',
    hint: 'list them: nightdrop submissions',
    next: 'refuse',
    code: 'missing',
  });
};

export const submissions: CliCommand = {
  name: 'submissions',
  args: [],
  options: [
    { flags: '--event-type <id>', text: 'only of this event type' },
    { flags: '--status <status>', text: `only with this status: ${statuses.join(', ')}` },
  ],
  summary: 'the file submissions log: each file received, and what became of it, oldest first',
  details:
    'records = applied + unchanged + errors. A submission that is Held waits for a person; one that is a Duplicate holds ' +
    'bytes that were received before and changed nothing.',
  examples: [
    ['submissions', 'all of them'],
    ['submissions --status Held', 'what waits for a person'],
    ['submissions show 12', 'one of them, line by line'],
  ],
  run: (call, session) =>
    withApp(session, async ({ store }) => {
      const [eventType, status] = [textOption(call, 'eventType'), textOption(call, 'status')];
      const filter = {
        ...(eventType === undefined ? {} : { eventTypeId: positive(eventType, '--event-type') }),
        ...(status === undefined ? {} : { status: oneOf(status, statuses, '--status') }),
      };
      session.out.answer((await findSubmissions(store.read, filter)).map(showSubmission), submissionsText);
      return exit.done;
    }),
};

export const submissionsShow: CliCommand = {
  name: 'submissions show',
  args: idArgument,
  options: [],
  summary: 'one submission with the outcome of each line',
  examples: [['submissions show 12 --json', 'with rows: line, orderId, outcome, message, hint']],
  run: (call, session) =>
    withApp(session, async (app) => {
      session.out.answer(await storyOf(app, await submissionOf(app, call)), storyText);
      return exit.done;
    }),
};
