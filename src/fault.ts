/**
 * What happens next after a failure:
 * `retry` the same thing may work later; `hold` a person must change something first;
 * `refuse` the request itself is wrong; `bug` we did not foresee this.
 */
export type Next = 'retry' | 'hold' | 'refuse' | 'bug';

export interface FaultDetails {
  /** What was being done, a verb phrase: "rename", "open the database". */
  operation: string;
  /** What it was done to: a drop, a file name, a feed. Never a secret, never personal data. */
  object: string;
  /** Why it failed, in a few words. */
  reason: string;
  /** What a person should do or check. */
  hint: string;
  next: Next;
  /** A stable word for programs and tests, e.g. `host-key`, `taken`, `disk-full`. */
  code: string;
  cause?: unknown;
}

const longest = 2000;

/**
 * A text as it may stand in a log line, a mail or a database: one line of bounded length without control characters.
 * Servers of others can put anything into their answers, and PostgreSQL keeps no text with a NUL.
 */
export const oneLine = (text: string, most = longest): string => {
  const clean = text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return clean.length > most ? `${clean.slice(0, most).toWellFormed()}…` : clean;
};

/** An error that names operation, object, cause and a hint, and knows what should happen next. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly operation: string;
  readonly object: string;
  readonly reason: string;
  readonly hint: string;
  readonly next: Next;
  readonly code: string;

  constructor(details: FaultDetails) {
    const [object, reason] = [oneLine(details.object), oneLine(details.reason)];
    super(`${details.operation} ${object}: ${reason}`, { cause: details.cause });
    this.operation = details.operation;
    this.object = object;
    this.reason = reason;
    this.hint = oneLine(details.hint);
    this.next = details.next;
    this.code = details.code;
  }
}

const systemReasons: Record<string, Pick<FaultDetails, 'reason' | 'hint' | 'next' | 'code'>> = {
  ENOSPC: { reason: 'the disk is full', hint: 'free some space; nothing was lost', next: 'retry', code: 'disk-full' },
  EDQUOT: {
    reason: 'the quota is used up',
    hint: 'raise the quota; nothing was lost',
    next: 'retry',
    code: 'disk-full',
  },
  EROFS: { reason: 'the folder is read-only', hint: 'make it writable', next: 'hold', code: 'read-only' },
  EACCES: { reason: 'permission denied', hint: 'check owner and mode', next: 'hold', code: 'denied' },
  EPERM: { reason: 'permission denied', hint: 'check owner and mode', next: 'hold', code: 'denied' },
  EISDIR: { reason: 'it is a folder', hint: 'name a file', next: 'hold', code: 'folder' },
  ENOTDIR: { reason: 'a part of its path is not a folder', hint: 'check the path', next: 'hold', code: 'missing' },
  EIO: { reason: 'the disk failed', hint: 'look at the system log', next: 'retry', code: 'disk-failed' },
  ENOENT: { reason: 'it does not exist', hint: 'check the path', next: 'hold', code: 'missing' },
};

/** Any thrown value as a Fault: one that is a Fault already stays as it is, a system error is explained, the rest is a bug. */
export const asFault = (error: unknown, operation: string, object: string): Fault => {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = systemReasons[code];
  if (known) return new Fault({ operation, object, cause: error, ...known });
  const reason = error instanceof Error ? error.message : String(error);
  return new Fault({
    operation,
    object,
    reason,
    hint: 'this was not foreseen; please report it with the log',
    next: 'bug',
    code: 'unforeseen',
    cause: error,
  });
};

/** For the `default` of an exhaustive switch. */
export const never = (value: never): never => {
  throw new Error(`not foreseen: ${JSON.stringify(value)}`);
};
