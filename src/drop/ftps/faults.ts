import { DropFault } from '../drop.ts';
import { Fault } from '../../fault.ts';
import { faultOf, meanings, type Meaning, type Step } from '../fault-table.ts';
import { cut, networkErrors } from '../network-faults.ts';

const refused: Meaning = { code: 'refused', next: 'retry', hint: 'the words are the server’s own: ask the partner' };
const forbidden: Meaning = { ...refused, next: 'hold' };
const busy: Meaning = {
  code: 'busy',
  next: 'retry',
  hint: 'the server has as many sessions as it allows; it is tried again. If it stays, ask for more, or set "sessions: 1"',
};
const signIn: Meaning = {
  code: 'sign-in',
  next: 'hold',
  reason: 'user or password not accepted',
  hint: 'check "user" and "password" with the partner',
};
const noTls: Meaning = {
  code: 'tls',
  next: 'hold',
  hint: 'the server does not protect this connection with TLS; the file is not sent in the open. Ask the partner',
};
const denied: Meaning = { ...meanings.denied, hint: 'ask for the right to create, rename and remove files there' };
const dataConnection: Meaning = {
  code: 'unreachable',
  next: 'retry',
  hint: 'the control connection works, the data connection does not: the partner must open the passive ports to us',
};

const greeting = 'get a greeting from';

const denialWords = /permission|denied|not permitted|not allowed|forbidden|unauthori[sz]ed|no access|access is/i;

/** Words of servers, in the order they are tried. Reply codes are used for many things; the words often know more. */
const phrases: [RegExp, Meaning][] = [
  [
    /too many (connect|session|user|login|client)|max(imum)? (number of |allowed )?\w* ?(clients|connections|sessions|logins|users)|(connection|session|user|login|client) limit|try (again )?later/i,
    busy,
  ],
  [
    /session reuse|reuse (of )?(the )?(tls|ssl)? ?session|ssl session|tls session/i,
    {
      ...noTls,
      hint: 'the server wants the data connection to take up the TLS session of the control connection and did not see it; try "tls: {max: TLSv1.2}" for this drop',
    },
  ],
  [
    /(ssl|tls) (connection|negotiation|handshake|setup)|unable to build data connection: operation not permitted/i,
    {
      ...noTls,
      hint: 'TLS of the data connection failed; try "tls: {max: TLSv1.2}" for this drop, or ask the partner',
    },
  ],
  [
    /quota|no space|disk (is )?full|insufficient (disk |storage )?space|not enough space|exceeded storage|failure writing to local file|error during write to file/i,
    meanings.full,
  ],
  [/already exists|file exists|overwrite/i, meanings.taken],
  [/read-?only/i, meanings.readOnly],
  [denialWords, denied],
  [
    /no such|not found|(does|do) ?n[o']t exist|cannot find|can't find|can't (check|open).*no such|rnfr command failed|failed to open file/i,
    meanings.missing,
  ],
];

/** A missing file, where the step was about the folder, is the folder. */
const inPlace = (meaning: Meaning, step: Step): Meaning =>
  meaning === meanings.missing && !step.inFolder ? meanings.folder : meaning;

const unknownCommand: Meaning = {
  ...forbidden,
  hint: 'the server does not know or allow this command: ask the partner',
};
const badName: Meaning = { ...denied, hint: `${denied.hint}; or the server does not accept this file name` };

/** Reply codes of FTP (RFC 959, 2228, 4217) where the words say nothing more. */
const codes: Record<number, Meaning> = {
  332: signIn,
  421: { ...cut(''), hint: 'the server ended the session; it is tried again' },
  425: dataConnection,
  426: { ...cut(''), hint: 'the data connection broke off; it is tried again' },
  430: signIn,
  431: noTls,
  452: meanings.full,
  500: unknownCommand,
  501: unknownCommand,
  502: unknownCommand,
  503: unknownCommand,
  504: unknownCommand,
  521: noTls,
  522: noTls,
  530: signIn,
  532: signIn,
  533: noTls,
  534: noTls,
  535: noTls,
  536: noTls,
  537: noTls,
  550: denied,
  552: meanings.full,
  553: badName,
};

/** 550 says only "no": what was asked tells what it means. */
const byCode = (code: number, step: Step): Meaning => {
  if (step.operation === greeting && [421, 430, 500, 530].includes(code)) return busy;
  if (code === 550 && !step.inFolder) return meanings.folder;
  if (code === 550 && ['fetch', 'look at'].includes(step.operation)) return meanings.missing;
  return codes[code] ?? (code >= 500 ? forbidden : refused);
};

/** Commands that a server without TLS does not know or refuses. */
const securing = ['secure', 'protect the data connections of'];

const replyMeaning = (code: number, words: string, step: Step): Meaning => {
  if (securing.includes(step.operation) && code >= 500) return noTls;
  const phrase = phrases.find(([pattern]) => pattern.test(words))?.[1];
  if (step.operation === 'sign in to' && phrase !== busy && [430, 530, 331, 332, 532, 501, 550].includes(code))
    return signIn;
  return phrase ? inPlace(phrase, step) : byCode(code, step);
};

const plainAnswers = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST'];

/** What TLS itself reports, before anybody has judged a certificate. */
const tlsMeaning = (code: string): Meaning | undefined => {
  if (plainAnswers.includes(code))
    return {
      ...noTls,
      hint: 'what answers there does not speak TLS at this point; check "mode" (explicit is usual on port 21, implicit on 990) and "port"',
    };
  if (/PROTOCOL|VERSION/.test(code) && /^ERR_SSL_/.test(code))
    return { ...noTls, hint: 'the server and we know no common version of TLS; check "tls: {min, max}" for this drop' };
  return /^ERR_SSL_|^ERR_TLS_|^EPROTO$/.test(code)
    ? { ...noTls, hint: 'the server and we could not agree on TLS; check "tls: {min, max}", or ask the partner' }
    : undefined;
};

/** OpenSSL's messages are long; Node gives their last part apart. */
const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
};

/** Whether the other side answered in the open where TLS was to begin. */
export const isPlainAnswer = (error: unknown): boolean => {
  const cause: unknown = error instanceof DropFault ? error.cause : error;
  return cause instanceof Error && 'code' in cause && plainAnswers.includes(String(cause.code));
};

/** A server that waits for TLS says nothing, and looks as one that is down. */
export const silentGreeting = (error: unknown): unknown => {
  if (!(error instanceof DropFault) || error.code !== 'timeout') return error;
  const { operation, object, reason, cause } = error;
  const hint =
    'the server is silent; it is tried again. If it stays, it may want TLS from the first byte: try "mode: implicit" and its port, usually 990';
  return new DropFault({ operation, object, reason, hint, next: 'retry', code: 'timeout', cause });
};

/** What the server said, without its code: one line that is fit to be shown. */
export const saidBy = (message: string): string => {
  const last = message.trim().split('\n').at(-1) ?? '';
  const plain = last.replace(/^\d{3}[ -]?/, '').replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return plain.trim().slice(0, 200);
};

/** As `saidBy`, with the lines before the last one: of several the first often is the reason, and the last a farewell. */
const allSaidBy = (message: string): string =>
  message.trim().split('\n').slice(0, 5).map(saidBy).filter(Boolean).join('; ').slice(0, 300);

/** The reply with which the server refused; undefined when it was not the server who said no. */
export const replyOf = (error: unknown): number | undefined => {
  const cause = error instanceof DropFault ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'number' ? code : undefined;
};

/** Whether the server itself speaks of a missing right, as against a bare no that is taken for one. */
export const saysDenied = ({ cause }: DropFault): boolean => denialWords.test(wordsOf(cause));

const fromReply = (code: number, error: unknown, step: Step): DropFault => {
  const words = allSaidBy(wordsOf(error));
  const meaning = replyMeaning(code, words, step);
  const own = `the server says: ${code} ${words}`.trim();
  const reason = meaning.reason ? `${meaning.reason} (${own})` : own;
  return faultOf({ ...meaning, reason }, step, '', error);
};

const ended =
  /connection (has )?(ended|is closed)|client is closed|server (sent fin|closed connection)|socket closed|before secure tls/i;

/** basic-ftp's words for a reply that is longer than any server has reason to send. */
const endless = /exceeded maximum allowed size/i;
const rambling: Meaning = {
  ...refused,
  reason: 'its reply does not end',
  hint: 'what answers there does not speak FTP properly; check "host" and "port", or ask the partner',
};

/** A failed step at an FTPS server as a DropFault; a Fault stays as it is. Nothing is swallowed: what is not known is `unforeseen`. */
export const ftpsFault = (error: unknown, step: Step): Fault => {
  if (error instanceof Fault) return error;
  const reply = replyOf(error);
  if (reply !== undefined) return fromReply(reply, error, step);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = wordsOf(error);
  const known =
    (endless.test(words) ? rambling : undefined) ??
    tlsMeaning(code) ??
    networkErrors[code] ??
    (ended.test(words) ? cut('the connection ended') : undefined);
  const meaning = known ?? { code: 'unforeseen', next: 'bug', hint: 'please report it with the log' };
  return faultOf(meaning, step, words, error);
};
