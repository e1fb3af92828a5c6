import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type Channel, mailChannel, type Message, type Relay } from '../../src/notify/channel.ts';
import { send } from '../../src/notify/send.ts';
import { Secret } from '../../src/secret.ts';
import { certificates } from '../servers/certificates.ts';
import { type SmtpScript, startScriptedSmtp } from '../servers/scripted-smtp.ts';
import { smtpSinkMissing, startSmtpSink } from '../servers/smtp-sink.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0)) await step();
});

const message: Message = {
  id: 'alert-x-1-0-opened',
  type: 'alert.opened',
  at: Date.parse('2026-11-21T02:00:00Z'),
  subject: 'held: acme-sftp: Übergröße',
  text: 'The first line.\n.a line that begins with a dot\nFrom here on: „quoted“.',
  data: {},
};

const to = (port: number, relay: Partial<Relay> = {}): Channel =>
  mailChannel('ops@example.test', { host: '127.0.0.1', port, from: 'nightdrop@example.test', ...relay });

const tell = (channel: Channel, changes: Partial<Message> = {}, deadlineMs = 10_000) =>
  send(channel, { ...message, ...changes }, { now: message.at, deadlineMs });

const scripted = async (script: SmtpScript) => {
  const server = await startScriptedSmtp(script);
  cleanup.push(server.close);
  return server;
};

const bodyOf = (mail: string): string => {
  const [head = '', ...rest] = mail.split('\n\n');
  const encoded = rest.join('\n\n');
  if (/^content-transfer-encoding: base64$/im.test(head)) return Buffer.from(encoded, 'base64').toString('utf8');
  if (!/^content-transfer-encoding: quoted-printable$/im.test(head)) return encoded;
  const bytes = encoded
    .replaceAll('=\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

const missing = await smtpSinkMissing();
describe.skipIf(missing !== undefined)(`mail to smtp-sink${missing === undefined ? '' : `: ${missing}`}`, () => {
  test('arrives with envelope, subject and text, and says that no machine shall answer it', async () => {
    const sink = await startSmtpSink();
    cleanup.push(sink.stop);
    expect(await tell(to(sink.port))).toMatch(/^250 /);
    const [mail = '', ...more] = sink.mails();
    expect(more).toEqual([]);
    expect(mail).toContain('X-Mail-Args: <nightdrop@example.test>');
    expect(mail).toContain('X-Rcpt-Args: <ops@example.test>');
    expect(mail).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(mail).toMatch(/^Message-ID: <alert-x-1-0-opened@example\.test>$/m);
    expect(mail).toMatch(/^Date: Sat, 21 Nov 2026 02:00:00 \+0000$/m);
    expect(mail).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(bodyOf(mail).trimEnd()).toBe(message.text);
  });

  test('an end follows its opening in the same thread', async () => {
    const sink = await startSmtpSink();
    cleanup.push(sink.stop);
    await tell(to(sink.port), { id: 'alert-x-1-0-ended', follows: 'alert-x-1-0-opened' });
    expect(sink.mails()[0]).toMatch(/^References: <alert-x-1-0-opened@example\.test>$/m);
    expect(sink.mails()[0]).toMatch(/^In-Reply-To: <alert-x-1-0-opened@example\.test>$/m);
  });

  test('no text can begin a header or a second recipient', async () => {
    const sink = await startSmtpSink();
    cleanup.push(sink.stop);
    const subject = 'late\r\nBcc: thief@example.test\r\n\r\nbody\u2028X: y\u0000';
    await tell(to(sink.port), { subject, text: 'a\r\n.\r\nMAIL FROM:<thief@example.test>\r\n' });
    const [mail = '', ...more] = sink.mails();
    expect(more).toEqual([]);
    expect(mail).not.toMatch(/^Bcc:/im);
    expect(mail).toMatch(/^Subject: late Bcc: thief@example\.test body X: y$/m);
    expect(mail.match(/^X-Rcpt-Args:/gm)).toHaveLength(1);
  });

  test.each([
    ['RCPT', ['-r', 'RCPT']],
    ['the mail', ['-r', '.']],
    ['the connection', ['-q', 'CONNECT']],
  ])('a relay that refuses %s is told as such, to be tried again', async (_, options) => {
    const sink = await startSmtpSink(...options);
    cleanup.push(sink.stop);
    await expect(tell(to(sink.port))).rejects.toMatchObject({ next: 'retry', object: 'mail ops@example.test' });
  });
});

const { ca, otherCa, server, selfSigned, wrongHost } = certificates();
const pem = (path: string): Secret => new Secret(readFileSync(path, 'utf8'));

describe('mail to a relay that speaks TLS', () => {
  test('STARTTLS is used when it is offered, whoever signed the certificate', async () => {
    const relay = await scripted({ tls: selfSigned });
    expect(await tell(to(relay.port))).toBe('250 2.0.0 queued');
    expect(relay.commands.find(({ line }) => line.startsWith('MAIL'))).toMatchObject({ secure: true });
    expect(relay.mails).toHaveLength(1);
  });

  test('a sign-in is made only under TLS with a certificate that was verified', async () => {
    const relay = await scripted({ tls: server, password: 'planted' });
    const sign = { user: 'nightdrop', password: new Secret('planted') };
    expect(await tell(to(relay.port, { ...sign, ca: pem(ca) }))).toBe('250 2.0.0 queued');
    expect(relay.commands.filter(({ line }) => line.startsWith('AUTH'))).toMatchObject([{ secure: true }]);
    await expect(tell(to(relay.port, { ...sign, ca: pem(otherCa) }))).rejects.toMatchObject({ code: 'tls' });
    await expect(tell(to(relay.port, sign))).rejects.toMatchObject({ code: 'tls' });
    const stranger = await scripted({ tls: wrongHost, password: 'planted' });
    await expect(tell(to(stranger.port, { ...sign, ca: pem(ca) }))).rejects.toMatchObject({ code: 'tls' });
    const plain = await scripted({ password: 'planted' });
    await expect(tell(to(plain.port, sign))).rejects.toMatchObject({ code: 'tls' });
    for (const { commands } of [stranger, plain]) expect(commands.filter(({ line }) => /^AUTH/.test(line))).toEqual([]);
  });

  test('a wrong password is named, and neither it nor the address of the relay is said', async () => {
    const relay = await scripted({ tls: server, password: 'right' });
    const wrong = to(relay.port, { user: 'nightdrop', password: new Secret('planted'), ca: pem(ca) });
    await expect(tell(wrong)).rejects.toMatchObject({
      code: 'sign-in',
      message: expect.not.stringContaining('planted'),
    });
  });
});

describe('a relay that does not do what it should', () => {
  test.each(['GREETING', 'EHLO', 'MAIL', 'DATA', 'BODY'])('silence at %s ends at the deadline', async (word) => {
    const relay = await scripted({ answers: { [word]: null } });
    await expect(tell(to(relay.port), {}, 400)).rejects.toMatchObject({ code: 'late', next: 'retry' });
  });

  test.each([
    ['GREETING', '554 go away'],
    ['MAIL', '451 later'],
    ['RCPT', '550 nobody of that name'],
    ['BODY', '554 looks like spam'],
  ])('%s answered with %s', async (word, line) => {
    const relay = await scripted({ answers: { [word]: line } });
    const failed = tell(to(relay.port));
    await expect(failed).rejects.toMatchObject({
      code: 'answered',
      next: 'retry',
      reason: expect.stringContaining(line.slice(0, 3)),
    });
  });

  test('what is no mail server', async () => {
    const relay = await scripted({ answers: { GREETING: 'HTTP/1.1 400 Bad Request' } });
    await expect(tell(to(relay.port))).rejects.toMatchObject({ next: 'retry' });
  });

  test('nobody listens', async () => {
    const relay = await startScriptedSmtp();
    await relay.close();
    await expect(tell(to(relay.port))).rejects.toMatchObject({
      code: 'unreachable',
      reason: 'the connection was refused',
    });
  });
});
