import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Fault } from '../fault.ts';
import { mailStory } from '../inbound/mail/mail-story.ts';
import { acceptFile } from '../inbound/submission/accept.ts';
import { applyOrWait } from '../inbound/submission/apply-queue.ts';
import { findRows } from '../inbound/submission/rows.ts';
import { showSubmission, type Submission } from '../inbound/submission/submission.ts';
import type { EventType } from '../ledger/event-type.ts';
import { argument, flag, textOption, wrongUse } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { Call, CliCommand, Session } from './command.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { whileInterruptible } from './interrupt.ts';
import { makeProgress } from './progress.ts';
import { storyText, type SubmissionStory } from './submission-text.ts';
import { type App, withApp } from './wire.ts';
import { suggestion } from '../settings/suggest.ts';

/** The event type of that id in the configuration, or a usage Fault. */
export const eventTypeNamed = ({ settings: { eventTypes } }: Pick<App, 'settings'>, id: string): EventType => {
  const found = [...eventTypes.values()].find((eventType) => String(eventType.id) === id);
  if (found) return found;
  const known = [...eventTypes.keys()].map(String);
  throw wrongUse(`the event type "${id}"`, 'there is no such event type', suggestion(id, known));
};

const unreadable = (path: string, reason: string): Fault =>
  new Fault({
    operation: 'read',
    object: path,
    reason,
    hint: 'check the path and who may read it',
    next: 'refuse',
    code: 'unreadable',
  });

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

/** A submission with all its lines. */
export const storyOf = async ({ store }: Pick<App, 'store'>, submission: Submission): Promise<SubmissionStory> => ({
  ...showSubmission(submission),
  notes: submission.notes,
  mail: await mailStory(store.read, submission.message),
  rows: await findRows(store.read, submission.id),
});

/** Done only when every line was taken; a duplicate leaves nothing to do. */
export const exitOf = ({ status, errors }: SubmissionStory): ExitCode => {
  if (status === 'Duplicate') return exit.nothing;
  return status === 'Complete' && errors === 0 ? exit.done : exit.failed;
};

/** Applies a submission, or waits while another process does, and answers with what became of it. */
export const applyAndTell = async (app: App, session: Session, eventType: EventType, id: number): Promise<ExitCode> => {
  const bar = makeProgress(session.out, 'Applying', 'lines');
  const progress = (_: Submission, lines: number) => bar.at(lines);
  const done = await whileInterruptible((signal) => applyOrWait(app, eventType, id, { signal, progress })).finally(
    bar.end,
  );
  const story = await storyOf(app, done);
  session.out.answer(story, storyText);
  return exitOf(story);
};

const accept = async (call: Call, app: App, eventTypeId: number): Promise<Submission> => {
  const path = argument(call, 0);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw unreadable(path, 'it is a folder');
  const about = { channel: 'submit', sender: null, message: null, fileName: basename(path) } as const;
  return acceptFile(app, { ...about, eventTypeId, check: flag(call, 'check') }, bytesOf(path));
};

export const submit: CliCommand = {
  name: 'submit',
  args: [{ name: '<file>', text: 'CSV with a header: that of modifications, or that of conversions' }],
  options: [
    { flags: '--event-type <id>', text: 'the event type that the file is for' },
    { flags: '--check', text: 'a dry run: the same outcomes, and nothing changes' },
    { flags: '--no-wait', text: 'only accept it; the service applies it' },
  ],
  summary: 'submits a file of modifications or of conversions: the same path as a mailed one',
  details:
    'The header decides what it is. Modifications: ActionId, or OrderId and ActionTrackerId; Amount; Reason. Conversions: ' +
    'CampaignId, ActionTrackerId, EventDate, OrderId, MediaPartnerId, Amount and more (see the README). ' +
    'Waits until every line has its outcome and shows those that need something first. Exit code 0 when no line has an ' +
    'error, 1 when some have or the file cannot be read, 3 when the same bytes were received before (a duplicate; ' +
    '"submissions release ID" processes it all the same).',
  examples: [
    ['submit returns.csv --event-type 4521', 'applies it'],
    ['submit returns.csv --event-type 4521 --check', 'says what would happen'],
  ],
  run: (call, session) =>
    withApp(session, async (app) => {
      const id = textOption(call, 'eventType');
      if (id === undefined) throw wrongUse('submit', 'no event type is given', 'say which: --event-type ID');
      const eventType = eventTypeNamed(app, id);
      const deed = { action: 'submissions.submit', object: `submission for ${eventType.id}` } as const;
      const accepted = await byHand(app, deed, () => accept(call, app, eventType.id));
      if (call.options['wait'] !== false) return applyAndTell(app, session, eventType, accepted.id);
      const story = await storyOf(app, accepted);
      session.out.answer(story, storyText);
      return accepted.status === 'Duplicate' ? exit.nothing : exit.done;
    }),
};
