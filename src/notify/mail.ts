import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { isoInstant } from '../clock.ts';
import type { Answer, Channel, Message, Relay } from './channel.ts';
import { type Fault, oneLine } from '../fault.ts';
import { codeOf, connectionFault, notifyFault, type NotifyCode } from './notify-fault.ts';
import type { Try } from './webhook.ts';

/** Each step of the dialogue; the whole has the deadline of its signal. Milliseconds. */
const stepMs = 10_000;
const implicitTlsPort = 465;

/**
 * STARTTLS is used when it is offered, as mail servers do among themselves: the certificate of a relay without sign-in
 * is not looked at unless an authority is named. With a password TLS is required and the certificate verified.
 */
const tlsOf = ({ port, user, ca }: Relay) => {
  const verify = user !== undefined || ca !== undefined;
  return {
    secure: port === implicitTlsPort,
    requireTLS: verify && port !== implicitTlsPort,
    tls: { rejectUnauthorized: verify, ...(ca && { ca: ca.reveal() }) },
  };
};

const transportTo = (relay: Relay, answerMs = stepMs) => {
  const { host, port, user, password } = relay;
  return createTransport({
    host,
    port,
    ...tlsOf(relay),
    ...(user !== undefined && { auth: { user, pass: password?.reveal() ?? '' } }),
    dnsTimeout: stepMs,
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: answerMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
};

const domainOf = ({ from }: Relay): string => from.slice(from.lastIndexOf('@') + 1);

/** A text mail. `Auto-Submitted` keeps answering machines from answering (RFC 3834). */
const mailOf = ({ to, relay }: Extract<Channel, { kind: 'mail' }>, message: Message) => {
  const idOf = (id: string) => `<${id}@${domainOf(relay)}>`;
  const follows = message.follows === undefined ? undefined : idOf(message.follows);
  return {
    from: relay.from,
    to,
    subject: oneLine(message.subject),
    text: message.text,
    date: new Date(isoInstant(message.at)),
    messageId: idOf(message.id),
    ...(follows !== undefined && { inReplyTo: follows, references: follows }),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Nightdrop-Event': message.type },
  };
};

/**
 * One text mail through the relay, over a connection of its own. Resolves to the relay's last answer. Throws Fault
 * (retry) of `notify-fault.ts`.
 */
export const sendMail = async (
  channel: Extract<Channel, { kind: 'mail' }>,
  message: Message,
  { signal }: Try,
): Promise<Answer> => {
  const transport = transportTo(channel.relay);
  try {
    const sent = await transport.sendMail({ ...mailOf(channel, message), signal });
    return oneLine(sent.response, longestAnswer);
  } catch (error) {
    throw signal.aborted ? signal.reason : mailFault(channel.name, error);
  }
};

/** An answer to somebody's mail, with files. */
export interface Letter {
  to: string;
  subject: string;
  text: string;
  /** With its angle brackets; the same in every try. */
  messageId: string;
  /** The Message-ID that it answers; null where that mail had none. */
  answers: string | null;
  /** When it is written, milliseconds. */
  at: number;
  files: readonly { name: string; bytes: Buffer }[];
}

const letterOf = (relay: Relay, { to, subject, text, messageId, answers, at, files }: Letter) => ({
  from: relay.from,
  to,
  // The null sender: what cannot be delivered comes back to nobody, and no machine answers it (RFC 3834).
  envelope: { from: '', to },
  subject: oneLine(subject),
  text,
  date: new Date(isoInstant(at)),
  messageId,
  ...(answers !== null && { inReplyTo: oneLine(answers), references: oneLine(answers) }),
  headers: { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All' },
  attachments: files.map(({ name, bytes }) => ({ filename: oneLine(name), content: bytes, contentType: 'text/csv' })),
});

/**
 * One answer through the relay, over a connection of its own, with the null sender on its envelope. Resolves to the
 * relay's last answer. Throws Fault (retry) of `notify-fault.ts`, which names no address.
 */
export const sendLetter = async (relay: Relay, letter: Letter, { signal }: Pick<Try, 'signal'>): Promise<Answer> => {
  const transport = transportTo(relay);
  try {
    const sent = await transport.sendMail({ ...letterOf(relay, letter), signal });
    return oneLine(sent.response, longestAnswer);
  } catch (error) {
    throw signal.aborted ? signal.reason : mailFault('a reply', error);
  }
};

/** A mail with one file, as an advertiser would send it. */
export interface FileMail {
  from: string;
  to: string;
  file: { name: string; content: Readable };
}

/** Whether a server took a mail, and what it said: its code and text. */
export interface Taken {
  taken: boolean;
  answer: Answer;
}

/** A server that checks who sends asks name servers before it answers, milliseconds. */
const patienceMs = 120_000;

/** Mails a file to a server. A no is an answer, too; throws Fault (retry) of `notify-fault.ts` when there is none. */
export const mailFile = async (server: Relay, { from, to, file }: FileMail): Promise<Taken> => {
  const transport = transportTo(server, patienceMs);
  const attachments = [{ filename: file.name, content: file.content, contentType: 'application/octet-stream' }];
  try {
    const sent = await transport.sendMail({ from, to, subject: file.name, text: '', attachments });
    return { taken: true, answer: oneLine(sent.response, longestAnswer) };
  } catch (error) {
    const answer = error instanceof Error && 'response' in error ? error.response : undefined;
    if (typeof answer === 'string' && /^[45]\d\d/.test(answer)) return { taken: false, answer: oneLine(answer) };
    throw mailFault(`${server.host}:${server.port}`, error);
  }
};

const longestAnswer = 120;

/** What nodemailer says, as code and reason; the texts of its errors may repeat what we sent. */
const mailReasons: Record<string, [NotifyCode, string]> = {
  EAUTH: ['sign-in', 'the relay refuses the sign-in'],
  ETLS: ['tls', 'the relay offers no TLS, or its certificate is not right'],
  ETIMEDOUT: ['late', 'the relay did not answer in time'],
  EDNS: ['unreachable', 'the host name of the relay is not known'],
  EPROTOCOL: ['answered', 'what answers there is no mail server'],
};

const mailFault = (channel: string, error: unknown): Fault => {
  const answered =
    error instanceof Error && 'responseCode' in error ? ` (it answered ${String(error.responseCode)})` : '';
  const [code, reason] = mailReasons[codeOf(error)] ?? [];
  if (code !== undefined && reason !== undefined) return notifyFault(channel, code, `${reason}${answered}`, error);
  if (answered !== '') return notifyFault(channel, 'answered', `the relay refuses the mail${answered}`, error);
  return connectionFault(channel, error);
};
