import { Fault } from '../fault.ts';

/** `unreachable` no connection; `late` no answer in time; `answered` it said no; `redirected`; `tls`; `sign-in`. */
export type NotifyCode = 'unreachable' | 'late' | 'answered' | 'redirected' | 'tls' | 'sign-in';

const hints: Record<NotifyCode, string> = {
  unreachable: 'it is tried again; check host, port and firewall',
  late: 'it is tried again; look why the receiver is slow',
  answered: 'it is tried again; look what the receiver wants, and try with "nightdrop alerts test"',
  redirected: 'write the final address into the configuration: redirects are not followed',
  tls: 'check the certificate of the receiver, and the name it is for',
  'sign-in': 'check user and password of mail.relay',
};

/** Everything may pass, so `next` is always `retry`. `reason` holds no address and nothing the receiver wrote in its body. */
export const notifyFault = (channel: string, code: NotifyCode, reason: string, cause?: unknown): Fault =>
  new Fault({ operation: 'tell', object: channel, reason, hint: hints[code], next: 'retry', code, cause });

const systemReasons: Record<string, [NotifyCode, string]> = {
  ECONNREFUSED: ['unreachable', 'the connection was refused'],
  ECONNRESET: ['unreachable', 'the connection was cut'],
  EPIPE: ['unreachable', 'the connection was cut'],
  ENOTFOUND: ['unreachable', 'the host name is not known'],
  EAI_AGAIN: ['unreachable', 'the host name could not be looked up'],
  EHOSTUNREACH: ['unreachable', 'there is no way to the host'],
  ENETUNREACH: ['unreachable', 'there is no way to the host'],
  UND_ERR_SOCKET: ['unreachable', 'the connection was cut'],
  ETIMEDOUT: ['late', 'no connection in time'],
  UND_ERR_CONNECT_TIMEOUT: ['late', 'no connection in time'],
  UND_ERR_HEADERS_TIMEOUT: ['late', 'no answer in time'],
  UND_ERR_BODY_TIMEOUT: ['late', 'no answer in time'],
};

const tlsCodes = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|EPROTO)/;

/** The code of an error or of what caused it; with several tries (IPv6, IPv4) that of the first. */
export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return '';
  // nodemailer puts a word of its own over the code of the system.
  if ('originalCode' in error && typeof error.originalCode === 'string') return error.originalCode;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
};

/** A failed connection in words. Library messages are not passed on: they may quote the address. */
export const connectionFault = (channel: string, error: unknown): Fault => {
  const code = codeOf(error);
  const [word, reason] = systemReasons[code] ?? [];
  if (word !== undefined && reason !== undefined) return notifyFault(channel, word, reason, error);
  if (tlsCodes.test(code)) return notifyFault(channel, 'tls', `the certificate or TLS is not right (${code})`, error);
  return notifyFault(channel, 'unreachable', `the connection failed${code === '' ? '' : ` (${code})`}`, error);
};
