import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { findFiles } from '../../../src/inbound/mail/found-files.ts';
import { type LogContext, logMessage } from '../../../src/inbound/mail/log-message.ts';
import { findMessage, insertMessage, type MailRecipient, type NewMessage } from '../../../src/inbound/mail/messages.ts';
import { spoolFile } from '../../../src/inbound/submission/accept.ts';
import { findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import { openSpool } from '../../../src/store/spool.ts';
import type { Store } from '../../../src/store/store.ts';

export const recipient = (about: Partial<MailRecipient> = {}): MailRecipient => ({
  ...{ recipient: 'sale@in.example.test', eventTypeId: 4521, check: false, refusal: null },
  ...about,
});

/** A store and a spool with accepted mails in them, and what writes their submissions. */
/** A message whose raw bytes are not in the spool. */
export const messageWithoutBytes: NewMessage = {
  ...{ receivedAt: 1, peer: 'x', helo: null, tls: null, envelopeFrom: null, messageId: null, evidence: null },
  ...{ spool: '0'.repeat(32), bytes: 1, sha256: 'x' },
};

export const makeMailStage = async (store: Store) => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-mail-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = await openSpool(folder);
  const context: LogContext = { store, spool, findFiles: (raw) => findFiles(spool, spool.read(raw)) };
  /** A mail as the listener accepts it; its id. */
  const accept = async (raw: Buffer, recipients: MailRecipient[] = [recipient()]): Promise<number> => {
    const spooled = await spoolFile(spool, Readable.from([raw]));
    const about = { receivedAt: 1_795_215_600_000, peer: '192.0.2.7', helo: 'mx', tls: null, messageId: null };
    const message = { ...about, ...spooled, envelopeFrom: 'ann@brand.example', evidence: null };
    return store.write((writer) => insertMessage(writer, message, recipients));
  };
  const messageOf = async (id: number) => {
    const message = await findMessage(store.read, id);
    if (!message) throw new Error(`no message ${id}`);
    return message;
  };
  const log = async (id: number, how: Partial<LogContext> = {}) =>
    logMessage({ ...context, ...how }, await messageOf(id));
  const submissions = () => findSubmissions(store.read, {});
  const spoolNames = () => readdir(folder);
  return { store, spool, context, accept, messageOf, log, submissions, spoolNames };
};

const boundary = () => `b${randomBytes(4).toString('hex')}`;

/** A small mail with these files. */
export const mailWith = (...files: [name: string, content: string][]): Buffer => {
  const b = boundary();
  const parts = files.map(
    ([name, content]) =>
      `--${b}\r\nContent-Type: application/octet-stream; name="${name}"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString('base64')}\r\n`,
  );
  const head = `From: ann@brand.example\r\nContent-Type: multipart/mixed; boundary=${b}\r\n\r\n`;
  return Buffer.from(`${head}${parts.join('')}--${b}--\r\n`);
};
