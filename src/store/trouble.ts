import { Fault } from '../fault.ts';

/** PostgreSQL's errors (class or whole code) of a connection or server that is gone; those of one that is busy. */
const gone = ['08', '57P'];
const busy = ['53', '40', '55P03', '57014'];
const goneCodes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'];
const goneWords = /connection terminated|not queryable|connection error/i;
const busyWords = /timeout acquiring a connection/i;

const hints = {
  'database-unreachable': 'it is tried again; look whether the database runs',
  'database-busy': 'it is tried again; look whether the database has room for connections and memory',
  'database-locked': 'it is tried again; find the process that keeps the file open and end it',
  'database-failed': 'it is tried again; look at the disk and the system log',
};
type TroubleCode = keyof typeof hints;

/** All codes of Faults that say that our own database was in trouble; those of `sqlite.ts` among them. */
const troubles: readonly string[] = Object.keys(hints);

const codeOf = (error: Error): TroubleCode | undefined => {
  const code = 'code' in error ? String(error.code) : '';
  const starts = (classes: readonly string[]) => /^[0-9A-Z]{5}$/.test(code) && classes.some((c) => code.startsWith(c));
  if (starts(gone) || goneCodes.includes(code) || goneWords.test(error.message)) return 'database-unreachable';
  if (starts(busy) || busyWords.test(error.message)) return 'database-busy';
  if (code.startsWith('SQLITE_BUSY')) return 'database-locked';
  return code.startsWith('SQLITE_IOERR') ? 'database-failed' : undefined;
};

/**
 * What our own database has to do with a failure: a Fault (retry) `database-unreachable`, `-busy`, `-locked` or
 * `-failed`; undefined when the failure has another cause. Nobody else's work should be judged by it.
 */
export const databaseTrouble = (error: unknown): Fault | undefined => {
  if (error instanceof Fault) return troubles.includes(error.code) ? error : undefined;
  const code = error instanceof Error ? codeOf(error) : undefined;
  if (code === undefined) return undefined;
  const reason = error instanceof Error ? error.message : '';
  const about = { operation: 'use', object: 'the database', reason, hint: hints[code] };
  return new Fault({ ...about, next: 'retry', code, cause: error });
};
