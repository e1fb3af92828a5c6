import { asFault } from '../src/fault.ts';
import type { Log } from '../src/log.ts';

/** The end of an error in a job: one line in the log, with what to do. What passes by itself is a warning. */
export const logFault = (log: Log, error: unknown, operation: string, object: string): void => {
  const fault = asFault(error, operation, object);
  const { reason, hint, code, next } = fault;
  const stack = next === 'bug' && error instanceof Error ? { stack: error.stack } : {};
  log[next === 'retry' ? 'warn' : 'error'](
    { operation: fault.operation, object: fault.object, reason, hint, code, ...stack },
    fault.message,
  );
};
