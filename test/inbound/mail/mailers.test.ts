import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFindThread } from '../../../src/inbound/mail/find-thread.ts';
import { logMessage } from '../../../src/inbound/mail/log-message.ts';
import { findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import { Secret } from '../../../src/secret.ts';
import { certificates } from '../../servers/certificates.ts';
import { postfixMissing, startPostfix } from '../../servers/postfix.ts';
import { judgeNobody } from './listener-parts.ts';
import { freshStore, type Listening, listening } from './listening.ts';

const run = promisify(execFile);
const sale = 'sale-7f3k@submit.example.test';
const csv = 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,1.00,OTHER\n';
const missing = await postfixMissing();

const fileOf = async (text: string | Buffer, name: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-mailer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** Exit code and words of a mailer. */
const tried = (program: string, args: readonly string[]): Promise<{ code: number; said: string }> =>
  run(program, [...args], { maxBuffer: 64 * 1024 ** 2 }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );

/** The log step; the files that came of the mails, in order. */
const filesOf = async ({ store, spool, messages }: Listening): Promise<[string, string][]> => {
  const thread = makeFindThread({ spoolFolder: spool.folder });
  try {
    for (const message of await messages()) await logMessage({ store, spool, findFiles: thread.findFiles }, message);
  } finally {
    await thread.close();
  }
  const found = await findSubmissions(store.read, {});
  return found.map(({ fileName, spool: name }) => [fileName, readFileSync(spool.pathOf(name), 'utf8')]);
};

const swaks = (port: number, ...args: string[]) =>
  tried('swaks', ['--server', `127.0.0.1:${port}`, '--from', 'reports@brand.example', ...args]);

const python = `
import smtplib, sys
from email.message import EmailMessage
m = EmailMessage()
m['From'] = 'reports@brand.example'
m['Subject'] = 'Rücksendungen'
m.set_content('see the file\\n.\\nthis line follows a dot')
m.add_attachment(open(sys.argv[2], 'rb').read(), maintype='text', subtype='csv', filename='Rücksendungen.csv')
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as s:
    s.send_message(m, to_addrs=sys.argv[3:])
`;
import { until } from '../../until.ts';

describe('mail of other programs', () => {
  test.skipIf(missing !== undefined)('swaks, in clear and over TLS; what it is told when it is refused', async () => {
    const { certificate, key } = certificates().server;
    const secret = (path: string) => new Secret(readFileSync(path, 'utf8'));
    const tls = { certificate: secret(certificate), key: secret(key), required: false };
    const stage = await listening(await freshStore(), { change: { tls, maxSize: 50_000 } });
    const file = await fileOf(csv, 'returns.csv');
    const attach = ['--attach-type', 'text/csv', '--attach-name', 'returns.csv', '--attach', `@${file}`];
    expect(await swaks(stage.port, '--to', sale, ...attach)).toMatchObject({ code: 0 });
    expect(await swaks(stage.port, '--tls', '--to', sale, ...attach)).toMatchObject({ code: 0 });
    expect((await stage.messages()).map(({ tls: protocol }) => protocol)).toEqual([null, 'TLSv1.3']);
    const unknown = await swaks(stage.port, '--to', 'nobody@submit.example.test');
    expect(unknown.code).not.toBe(0);
    expect(unknown.said).toMatch(/<\*\* 550 5\.1\.1 /);
    const large = await fileOf(Buffer.alloc(60_000, 'x'), 'large.csv');
    const refused = await swaks(stage.port, '--to', sale, '--attach-name', 'large.csv', '--attach', `@${large}`);
    expect(refused.said).toMatch(/<\*\* 552 5\.3\.4 /);
    expect(await filesOf(stage)).toEqual([
      ['returns.csv', csv],
      ['returns.csv', csv],
    ]);
  });

  test("Python's smtplib: a name outside ASCII, a line of one dot, a Bcc", async () => {
    const stage = await listening(await freshStore());
    const [script, file] = [await fileOf(python, 'send.py'), await fileOf(csv, 'returns.csv')];
    const to = [sale, 'lead-9x2m+check@submit.example.test'];
    expect(await tried('python3', [script, String(stage.port), file, ...to])).toEqual({ code: 0, said: '' });
    expect(await filesOf(stage)).toEqual([
      ['Rücksendungen.csv', csv],
      ['Rücksendungen.csv', csv],
    ]);
    const none = await tried('python3', [script, String(stage.port), file, 'nobody@submit.example.test']);
    expect(none.said).toMatch(/SMTPRecipientsRefused/);
  });

  test.skipIf(missing !== undefined)('Postfix relays all of it, and brings again what was postponed', async () => {
    let postponed = 2;
    const stage = await listening(await freshStore(), {
      judge: (...args) => (postponed-- > 0 ? Promise.reject(new Error('not now')) : judgeNobody(...args)),
    });
    const postfix = await startPostfix(stage.port);
    onTestFinished(() => postfix.stop());
    const mails = 20;
    const source = ['-l', '3000', '-m', String(mails), '-s', '5', '-f', 'reports@brand.example', '-t', sale];
    await run('smtp-source', [...source, `127.0.0.1:${postfix.port}`]);
    expect(await swaks(postfix.port, '--to', 'nobody@submit.example.test')).toMatchObject({ code: 0 });
    await until(async () => {
      postfix.flush();
      return postfix.queue().includes('Mail queue is empty');
    }, 'Postfix has delivered everything');
    expect(await stage.messages()).toHaveLength(mails);
    expect(stage.accepted()).toBe(mails);
    expect(postfix.log()).toMatch(/status=sent \(250 2\.0\.0 accepted as message \d+\)/);
    expect(postfix.log()).toMatch(/said: 451 4\.3\.0 /);
    expect(postfix.log()).toMatch(/status=bounced .*550 5\.1\.1 /s);
  });
});
