import { pino, type Logger } from 'pino';

/** Structured log: one JSON line per event on stderr. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** Keys whose values never reach a log, whatever object they come in. */
const censored = [
  'password',
  'passphrase',
  'secret',
  'token',
  'privateKey',
  'email',
  'mobile',
  'firstName',
  'lastName',
];

/** A log that writes to `stream` (a file descriptor or anything with `write`); level `silent` writes nothing. */
export const makeLog = (level: string, stream: { write(line: string): void }): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...censored, ...censored.map((key) => `*.${key}`)], censor: '***' },
    },
    stream,
  );

export const silentLog: Log = makeLog('silent', { write: () => undefined });
