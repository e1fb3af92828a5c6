import { createReadStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asFault, Fault } from '../fault.ts';
import { noFile } from '../inbound/mail/log-message.ts';
import { noResult } from '../inbound/submission/no-result.ts';
import { releaseSubmission } from '../inbound/submission/release.ts';
import { resultName } from '../inbound/submission/result-file.ts';
import type { Submission } from '../inbound/submission/submission.ts';
import { flag, textOption } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { Call, CliCommand, Session } from './command.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { applyAndTell, eventTypeNamed } from './submit.ts';
import { idArgument, submissionOf } from './submissions.ts';
import { type App, withApp } from './wire.ts';

/** A file of a submission, and where its bytes are. */
interface KeptFile {
  id: number;
  fileName: string;
  path: string;
}

const toStdout = async (path: string): Promise<void> => {
  for await (const chunk of createReadStream(path)) {
    if (!process.stdout.write(chunk)) await new Promise((resume) => process.stdout.once('drain', resume));
  }
};

const expired = ({ fileName }: KeptFile): Fault =>
  new Fault({
    operation: 'find',
    object: fileName,
    reason: 'its bytes were let go of after retention.submissions',
    hint: 'the outcomes are kept: nightdrop submissions show ID',
    next: 'refuse',
    code: 'expired',
  });

/** A line of the log for a mail that brought nothing to read. */
const refuseNoFile = ({ id, fileName }: Submission): void => {
  if (fileName !== noFile) return;
  throw new Fault({
    operation: 'find',
    object: `the file of submission ${id}`,
    reason: 'the mail brought none that could be taken',
    hint: `nightdrop submissions show ${id} says why`,
    next: 'refuse',
    code: 'no-file',
  });
};

/** With `--out` a copy, with `--json` where it is, otherwise the bytes themselves on stdout. */
const give = async (call: Call, { out }: Session, file: KeptFile, { expiredAt }: Submission): Promise<ExitCode> => {
  if (expiredAt !== null) throw expired(file);
  const wanted = textOption(call, 'out');
  const { fileName } = file;
  try {
    if (wanted !== undefined) await copyFile(file.path, resolve(wanted));
    else if (!out.json) await toStdout(file.path);
  } catch (error) {
    throw asFault(error, 'copy', fileName);
  }
  const path = wanted === undefined ? file.path : resolve(wanted);
  if (out.json || wanted !== undefined) out.answer({ ...file, path }, () => `${fileName} is in ${path}`);
  return exit.done;
};

const taking = ({ id }: Submission) => ({ action: 'submissions.download', object: `submission ${id}` }) as const;

const outOption = [{ flags: '--out <file>', text: 'where to write it (default: stdout)' }] as const;

export const submissionsOriginal: CliCommand = {
  name: 'submissions original',
  args: idArgument,
  options: outOption,
  summary: 'the file as it was received',
  examples: [['submissions original 12 --out returns.csv', 'the same bytes']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const found = await submissionOf(app, call);
      refuseNoFile(found);
      const { id, fileName, spool } = found;
      const file = { id, fileName, path: app.spool.pathOf(spool) };
      return byHand(app, taking(found), () => give(call, session, file, found));
    }),
};

export const submissionsResult: CliCommand = {
  name: 'submissions result',
  args: idArgument,
  options: outOption,
  summary: "the result file: the sender's columns, then line, outcome, message and hint",
  examples: [['submissions result 12 --out result.csv', 'correct the lines with errors in it and submit it again']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const found = await submissionOf(app, call);
      const { id, fileName, resultSpool, status } = found;
      if (resultSpool === null) throw noResult(id, status);
      const file = { id, fileName: resultName(fileName), path: app.spool.pathOf(resultSpool) };
      return byHand(app, taking(found), () => give(call, session, file, found));
    }),
};

const releaseAndApply = async (call: Call, app: App, session: Session): Promise<ExitCode> => {
  const { id, eventTypeId } = await submissionOf(app, call);
  const eventType = eventTypeNamed(app, String(eventTypeId));
  const deed = { action: 'submissions.release', object: `submission ${id}` } as const;
  await byHand(app, deed, () => releaseSubmission(app.store, id, { anyway: flag(call, 'anyway') }));
  return applyAndTell(app, session, eventType, id);
};

export const submissionsRelease: CliCommand = {
  name: 'submissions release',
  args: idArgument,
  options: [{ flags: '--anyway', text: 'also when a later submission has changed actions since' }],
  summary: 'processes one that is a duplicate or held after all',
  details:
    'A duplicate is read like any other file: lines that changed something before now answer NO_CHANGE or ALREADY_REVERSED. ' +
    'One that was held goes on where it stopped. When a later submission of the event type has changed actions since, the ' +
    'older values would replace newer ones: then nothing is released (exit code 1), and the file is to be sent again.',
  examples: [['submissions release 12', 'when the same file was meant to be sent twice']],
  run: (call, session) => withApp(session, (app) => releaseAndApply(call, app, session)),
};
