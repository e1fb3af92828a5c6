import { reached } from '../../commit-point.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import { spoolFile } from '../submission/accept.ts';
import { sentenceOf } from '../submission/submission.ts';
import { insertSubmission, type NewSubmission } from '../submission/submissions.ts';
import { type Found, type FoundFile, messageFault } from './found-files.ts';
import { type MailMessage, type MailRecipient, markLogged, recipientsOf } from './messages.ts';

export interface LogContext {
  store: Store;
  spool: Spool;
  /** Brings the files of the raw message of this spool name into the spool; throws as `findFiles` does. */
  findFiles(rawMessage: string): Promise<Found>;
}

/** What a mail without a file is called in the log. */
export const noFile = '(no file)';

const fewNames = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/** Why a mail without a file has no lines. */
export const missingFile = (aside: readonly string[]): string => {
  const what =
    aside.length === 0 ? 'The mail has no file.' : `The mail has no file to be read, only ${fewNames(aside)}.`;
  const reserved = aside.some((name) => /^(receipt|result)_/i.test(name));
  const why = reserved ? ' Names that begin with receipt_ or result_ are kept for our answers.' : '';
  return `${what}${why} Attach the file as .csv or .xml and send it again.`;
};

/** A file without bytes, for a line of the log that has none. */
const placeholder = async (spool: Spool, trouble: string): Promise<FoundFile> => {
  const nothing = (async function* (): AsyncGenerator<Buffer> {})();
  return { part: '0', name: noFile, trouble, ...(await spoolFile(spool, nothing)) };
};

/** What passes by itself, or by somebody's hand, is not the message's fault: it is tried again. */
const staysForLater = (error: unknown): boolean => {
  const { next } = messageFault(error);
  return databaseTrouble(error) !== undefined || next === 'retry' || next === 'hold';
};

/** The files of a message, or one line for the log that says why there are none. */
const filesOf = async ({ spool, findFiles }: LogContext, { spool: raw }: MailMessage): Promise<FoundFile[]> => {
  try {
    const { files, aside } = await findFiles(raw);
    return files.length > 0 ? files : [await placeholder(spool, missingFile(aside))];
  } catch (error) {
    if (staysForLater(error)) throw error;
    return [await placeholder(spool, sentenceOf(messageFault(error)))];
  }
};

const senderOf = ({ envelopeFrom, evidence }: MailMessage): string | null =>
  envelopeFrom ?? evidence?.headerFrom[0] ?? null;

/** The lines of the log for a message: each file once for each recipient. */
const submissionsOf = (
  message: MailMessage,
  recipients: readonly MailRecipient[],
  files: readonly FoundFile[],
): NewSubmission[] =>
  recipients.flatMap(({ recipient, eventTypeId, check, refusal }) =>
    files.map(({ part, name, trouble, spool, bytes, sha256 }) => ({
      ...{ eventTypeId, channel: 'mail', sender: senderOf(message), fileName: name, spool, bytes, sha256, check },
      message: { messageId: message.id, recipient, part },
      failure: refusal ?? trouble,
    })),
  );

const writeLines = (store: Store, message: MailMessage, files: readonly FoundFile[]): Promise<number[] | undefined> =>
  store.write(async (writer) => {
    if (!(await markLogged(writer, message.id, await writer.now()))) return undefined;
    const written: number[] = [];
    const recipients = await recipientsOf(writer.knex, message.id);
    for (const one of submissionsOf(message, recipients, files)) written.push(await insertSubmission(writer, one));
    reached('in 3 before commit');
    return written;
  });

const removeAll = async (spool: Spool, files: readonly FoundFile[]): Promise<void> => {
  for (const file of files) await spool.remove(file.spool);
};

/** Each try has its own copies; only where nobody can tell whether the database has committed, they stay for the sweep. */
const letGo = async (spool: Spool, files: readonly FoundFile[], error: unknown): Promise<never> => {
  if (databaseTrouble(error)?.code !== 'database-unreachable') await removeAll(spool, files);
  throw error;
};

/**
 * Commit point 3: all submissions of a message, and that it is logged, in one database transaction; whoever comes second
 * leaves nothing behind. A refused recipient, a mail without a file and a message that cannot be read have their lines
 * too, `Failed` from the beginning. Resolves to the ids, or undefined when another process was first. Throws what passes
 * by itself or by a person's hand (database, disk, a missing spool file); then nothing was written, and nothing is left.
 */
export const logMessage = async (context: LogContext, message: MailMessage): Promise<number[] | undefined> => {
  const { store, spool } = context;
  reached('in 3 begun');
  const files = await filesOf(context, message);
  reached('in 3 spooled');
  const ids = await writeLines(store, message, files).catch((error: unknown) => letGo(spool, files, error));
  if (ids === undefined) await removeAll(spool, files);
  reached('in 3 logged');
  return ids;
};
