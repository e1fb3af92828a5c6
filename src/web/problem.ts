import { STATUS_CODES } from 'node:http';
import { asFault, Fault } from '../fault.ts';

/** What went wrong, as RFC 9457 has it (`application/problem+json`). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** One sentence. */
  detail: string;
  operation: string;
  object: string;
  reason: string;
  hint: string;
  /** A stable word for programs. */
  code: string;
}

const byCode: Record<string, number> = {
  usage: 400,
  missing: 404,
  'too-large': 413,
  'wrong-type': 415,
  expired: 410,
  'not-signed-in': 401,
  'not-allowed': 403,
  'wrong-origin': 403,
  'too-many': 429,
  'key-in-use': 409,
  'key-reused': 422,
};

/** The request was wrong: 409 where it met a thing that stands otherwise, unless the code says more. */
const statusOf = ({ code, next }: Fault): number => {
  if (next === 'refuse' || next === 'hold') return byCode[code] ?? 409;
  return next === 'retry' ? 503 : 500;
};

/** Trouble of our own, of which outsiders learn nothing: disk, database, and what was not foreseen. */
const isInternal = ({ next, code }: Fault): boolean =>
  next === 'bug' ||
  code.startsWith('database-') ||
  ['disk-full', 'disk-failed', 'read-only', 'denied', 'folder', 'spool-damaged'].includes(code) ||
  (next === 'hold' && code === 'missing');

const kept = (fault: Fault): Fault =>
  new Fault({
    operation: 'answer',
    object: 'the request',
    reason: fault.next === 'retry' ? 'the service cannot do this now' : 'this did not work',
    hint: fault.next === 'retry' ? 'try again in a moment' : "the service's log says why",
    next: fault.next === 'retry' ? 'retry' : 'bug',
    code: fault.next === 'retry' ? 'unavailable' : 'failed',
  });

/** Any thrown value as a problem that may be shown to the one who asked, and whether it belongs into the log. */
export const problemOf = (error: unknown): { problem: Problem; log: boolean } => {
  const fault = asFault(error, 'answer', 'a request');
  const internal = isInternal(fault);
  const told = internal ? kept(fault) : fault;
  const { operation, object, reason, hint, code } = told;
  const status = internal && told.next === 'bug' ? 500 : statusOf(told);
  const detail = `${told.message}; ${hint}`;
  const title = STATUS_CODES[status] ?? 'Error';
  const problem = { type: `urn:nightdrop:${code}`, title, status, detail, operation, object, reason, hint, code };
  return { problem, log: internal };
};

export const problemAnswer = (problem: Problem, headers: Record<string, string> = {}): Response =>
  Response.json(problem, {
    status: problem.status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  });

const refusal = (object: string, reason: string, hint: string, code: string): Fault =>
  new Fault({ operation: 'ask for', object, reason, hint, next: 'refuse', code });

/** There is nothing here, or nothing that the one who asks may know of: the same answer. */
export const nothingHere = (): Fault =>
  refusal('this', 'there is nothing here', 'look at the list it is from', 'missing');

export const notSignedIn = (): Fault =>
  refusal('this', 'nobody is signed in', 'sign in, or send a token: Authorization: Bearer …', 'not-signed-in');

export const notAllowed = (): Fault =>
  refusal('this', 'your role may not do this', 'ask the people who run the service', 'not-allowed');

export const wrongOrigin = (): Fault =>
  refusal('this', 'the request did not come from a page of ours', 'open the page again and repeat it', 'wrong-origin');

export const tooMany = (): Fault => refusal('this', 'too many requests', 'wait, as Retry-After says', 'too-many');

export const wrongRequest = (what: string, reason: string, hint: string): Fault =>
  new Fault({ operation: 'read', object: what, reason, hint, next: 'refuse', code: 'usage' });
