import { Fault } from '../fault.ts';
import { newestRefused, showRefused } from '../inbound/mail/refused-mail.ts';
import { sayingWhatItWaitsFor, showSubmission, statuses, type Submission } from '../inbound/submission/submission.ts';
import { findSubmission, findSubmissions } from '../inbound/submission/submissions.ts';
import { argument, flag, oneOf, positive, textOption } from './arguments.ts';
import type { Call, CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { refusedText, storyText, submissionsText } from './submission-text.ts';
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

/** Lines of refused mail that are shown, the newest ones. */
const mostRefused = 1000;

export const submissions: CliCommand = {
  name: 'submissions',
  args: [],
  options: [
    { flags: '--event-type <id>', text: 'only of this event type' },
    { flags: '--status <status>', text: `only with this status: ${statuses.join(', ')}` },
    { flags: '--refused', text: 'instead, mail that was not taken: when, from where, for whom, and why' },
  ],
  summary: 'the file submissions log: each file received, and what became of it, oldest first',
  details:
    'records = applied + unchanged + errors. A submission that is Held waits for a person; one that is a Duplicate holds ' +
    'bytes that were received before and changed nothing.',
  examples: [
    ['submissions', 'all of them'],
    ['submissions --status Held', 'what waits for a person'],
    ['submissions --refused', 'mail that somebody sent and that is not here'],
    ['submissions show 12', 'one of them, line by line'],
  ],
  run: (call, session) =>
    withApp(session, async ({ store, settings }) => {
      if (flag(call, 'refused')) {
        session.out.answer((await newestRefused(store.read, mostRefused)).map(showRefused), refusedText);
        return exit.done;
      }
      const [eventType, status] = [textOption(call, 'eventType'), textOption(call, 'status')];
      const filter = {
        ...(eventType === undefined ? {} : { eventTypeId: positive(eventType, '--event-type') }),
        ...(status === undefined ? {} : { status: oneOf(status, statuses, '--status') }),
      };
      const found = await findSubmissions(store.read, filter);
      const lines = found.map((one) => showSubmission(sayingWhatItWaitsFor(one, settings.eventTypes)));
      session.out.answer(lines, submissionsText);
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
      session.out.answer(
        await storyOf(app, sayingWhatItWaitsFor(await submissionOf(app, call), app.settings.eventTypes)),
        storyText,
      );
      return exit.done;
    }),
};
