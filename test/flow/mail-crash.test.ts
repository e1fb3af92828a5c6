import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { MailPoint } from '../../src/commit-point.ts';
import { sha256 } from '../../src/file/digest.ts';
import { makeFindThread } from '../../src/inbound/mail/find-thread.ts';
import { logMessage } from '../../src/inbound/mail/log-message.ts';
import { messagesToLog } from '../../src/inbound/mail/messages.ts';
import { openSpool, type Spool } from '../../src/store/spool.ts';
import type { Store } from '../../src/store/store.ts';
import { connectClient, mailWith, sendOver } from '../inbound/mail/smtp-client.ts';
import { describeStores } from '../stores.ts';
import type { MailErrand } from './mail-child.ts';
import { ask } from './plain-sql.ts';

const entry = fileURLToPath(new URL('mail-child.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdrop', import.meta.url));
const address = 'sale-7f3k@submit.example.test';

/** Every commit point of a mail; a new one does not compile. */
const points = Object.keys({
  'in 2 received': true,
  'in 2 kept': true,
  'in 2 committed': true,
  'in 2 answered': true,
} satisfies Record<MailPoint, true>) as MailPoint[];

const urlOf = ({ address: at }: Store): string => (at.kind === 'sqlite' ? `sqlite:${at.file}` : at.url);

interface Sent {
  csv: string;
  mail: string;
}

const sentAs = (name: string): Sent => {
  const csv = `OrderId,ActionTrackerId,Amount,Reason\n${name},4521,1.00,OTHER\n`;
  return { csv, mail: mailWith(csv, { id: `<${name}@brand.example>` }) };
};

const startChild = async (
  errand: MailErrand,
): Promise<{ child: ChildProcess; port: number; gone: Promise<unknown[]> }> => {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const child = spawn(process.execPath, [entry, JSON.stringify(errand)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'close');
  const [said] = (await Promise.race([once(child.stdout, 'data'), gone.then(() => [''])])) as [Buffer | string];
  const port = Number(String(said).trim());
  if (!port) throw new Error('the child ended before it listened');
  return { child, port, gone };
};

const makeLine = async (store: Store) => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-mail-crash-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = await openSpool(folder);
  /** Sends mails to a listener that dies at that point of the first; whether each was acknowledged. */
  const send = async (mails: readonly Sent[], at: MailPoint | null): Promise<boolean[]> => {
    const { child, port, gone } = await startChild({ url: urlOf(store), spool: folder, at });
    const client = await connectClient(port);
    const answers: string[] = [];
    for (const { mail } of mails) answers.push(await sendOver(client, [address], mail));
    client.end();
    if (at === null) child.kill('SIGKILL');
    const [, signal] = await gone;
    expect({ at, signal }).toEqual({ at, signal: 'SIGKILL' });
    for (const answer of answers) expect(answer).toMatch(/^250 |^closed$/);
    return answers.map((answer) => answer !== 'closed');
  };
  /** The log step, after which a mail that was sent twice is one submission and duplicates of it. */
  const log = async (): Promise<void> => {
    const thread = makeFindThread({ spoolFolder: folder });
    try {
      for (const message of await messagesToLog(store.read, 100))
        await logMessage({ store, spool, findFiles: thread.findFiles }, message);
    } finally {
      await thread.close();
    }
  };
  return { spool, send, log };
};

type Row = Record<string, unknown>;

/** Of each mail that was acknowledged: bytes, rows and submissions, as a plain program sees them; says all that is wrong. */
const wrongIn = async (store: Store, spool: Spool, acknowledged: readonly Sent[]): Promise<string[]> => {
  const url = urlOf(store);
  const messages = await ask<Row>(url, 'select id, spool, sha256, message_id from messages order by id');
  const wrong = messages.flatMap(({ id, spool: name, sha256: digest }) =>
    sha256(readFileSync(spool.pathOf(String(name)))) === digest ? [] : [`message ${String(id)} has other bytes`],
  );
  const rows = await ask<Row>(url, 'select status, sha256 from submissions order by id');
  for (const { csv, mail } of acknowledged) {
    if (!messages.some((one) => one['sha256'] === sha256(mail))) wrong.push(`no message: ${csv}`);
    const file = sha256(csv);
    const statuses = rows.filter((one) => one['sha256'] === file).map((one) => String(one['status']));
    const [first, ...others] = statuses;
    if (first !== 'Queued' || others.some((one) => one !== 'Duplicate')) wrong.push(`${csv}: ${statuses.join()}`);
  }
  return wrong;
};

describeStores('killed while a mail is taken', (open, kind) => {
  test('at every commit point, each acknowledged mail is there, and processed once', { timeout: 300_000 }, async () => {
    const store = await open();
    const { spool, send, log } = await makeLine(store);
    const mails = points.map((at) => sentAs(at.replaceAll(' ', '-')));
    const heard: boolean[] = [];
    for (const [nth, at] of points.entries()) heard.push(...(await send(mails.slice(nth, nth + 1), at)));
    // What a mail server does with those of which it has heard no answer.
    const again = mails.filter((_, nth) => !heard[nth]);
    expect(await send(again, null)).toEqual(again.map(() => true));
    const acknowledged = mails;
    const fates = points.map((at, nth) => `${at}: ${heard[nth] ? 'acknowledged' : 'cut off'}`);
    await log();
    console.log(`${kind}: ${fates.join(', ')}`);
    expect(fates.slice(0, 3)).toEqual(points.slice(0, 3).map((at) => `${at}: cut off`));
    expect(await wrongIn(store, spool, acknowledged)).toEqual([]);
    // The checker finds out what a program leaves that says 250 too early.
    expect(await wrongIn(store, spool, [...acknowledged, sentAs('never-kept')])).not.toEqual([]);
  });
});
