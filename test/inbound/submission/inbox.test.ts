import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import type { DropSpec, OpenDrop } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { type Inbox, isForInbox, type SeenFile, stepFor } from '../../../src/inbound/submission/inbox.ts';
import { pollInbox } from '../../../src/inbound/submission/poll-inbox.ts';
import { findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import type { Row, Store } from '../../../src/store/store.ts';
import { ftpsSpec } from '../../drop/ftps/stage.ts';
import { sftpSpec } from '../../drop/sftp/stage.ts';
import { due, makeContext } from '../../feeds.ts';
import type { InboxErrand } from '../../flow/inbox-child.ts';
import { sshdMissing, startSshd, type Sshd } from '../../servers/sshd.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd } from '../../servers/vsftpd.ts';
import { describeStores } from '../../stores.ts';

const minute = 60_000;
const options = { concurrency: 4, stepTimeout: 20_000, replace: false };

test('a pattern is one of whole names, without regard to case; unfinished files and our own answers are nobody’s', () => {
  const taken = ['orders.csv', 'ORDERS.CSV', 'a b.csv', '.csv'].map((name) => isForInbox(name, '*.csv'));
  expect(taken).toEqual([true, true, true, false]);
  expect(isForInbox('orders_1.csv', 'orders_?.csv')).toBe(true);
  expect(isForInbox('orders_12.csv', 'orders_?.csv')).toBe(false);
  expect(isForInbox('ordersxcsv', 'orders.csv')).toBe(false);
  const others = ['.orders.csv', 'receipt_1.csv', 'result_1.csv', 'orders.csv.part', 'orders.csv.filepart', 'x.TMP'];
  expect(others.filter((name) => isForInbox(name, '*'))).toEqual([]);
});

test('a file is taken at the second look at which it is the same, and once', () => {
  const entry = { name: 'a.csv', bytes: 5, modifiedAt: 1000.5 };
  const free = { sha256: null, submissionId: null, takenBytes: null, takenModifiedAt: null };
  const seen: SeenFile = { id: 1, name: 'a.csv', bytes: 5, modifiedAt: 1000, goneAt: null, ...free };
  const taken = { ...seen, submissionId: 7, takenBytes: 5, takenModifiedAt: 1000 };
  const steps = [undefined, { ...seen, bytes: 4 }, { ...seen, modifiedAt: 999 }, { ...seen, goneAt: 1 }, seen, taken];
  expect(steps.map((one) => stepFor(entry, one, false))).toEqual([
    ...['remember', 'remember', 'remember', 'remember', 'take', 'leave'],
  ]);
  expect(stepFor(entry, taken, true)).toBe('remove');
  expect(stepFor(entry, { ...taken, takenBytes: 4 }, true)).toBe('take');
});

const makeInbox = async (store: Store, spec: DropSpec, changes: Partial<Inbox> = {}, open: OpenDrop = openDrop) => {
  const clock = fixedClock(due);
  const context = { ...(await makeContext(store, clock)), openDrop: open };
  const inbox: Inbox = { eventTypeId: 4521, spec, pattern: '*.csv', every: minute, remove: false, ...changes };
  /** One look, a minute after the last; the names of the files that were taken. */
  const look = async (): Promise<string[]> => {
    clock.advance(minute);
    const polled = await pollInbox(context, inbox, new AbortController().signal);
    if (polled === 'not due') throw new Error('not due');
    const all = await findSubmissions(store.read);
    return polled.taken.map((id) => String(all.find((one) => one.id === id)?.fileName));
  };
  return { context, inbox, clock, look };
};

const newFolder = (): { spec: DropSpec; put(name: string, text: string, at?: number): void; names(): string[] } => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-inbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string, at = due): void => {
    writeFileSync(join(folder, name), text);
    utimesSync(join(folder, name), at / 1000, at / 1000);
  };
  return { spec: { kind: 'folder', name: 'in', folder, ...options }, put, names: () => readdirSync(folder).sort() };
};

const placeIn = ({ spec }: { spec: DropSpec }, name: string): string => join(spec.folder, name);

describeStores('an inbox', (open) => {
  test('gives what lies there whole, oldest first, once, and leaves it where it may not be removed', async () => {
    const store = await open();
    const folder = newFolder();
    const { look, context } = await makeInbox(store, folder.spec);
    folder.put('b.csv', 'older', due - 2000);
    folder.put('a.csv', 'newer', due - 1000);
    for (const name of ['.x.csv', 'result_a.csv', 'c.csv.part', 'notes.txt']) folder.put(name, 'no');
    expect([await look(), await look(), await look()]).toEqual([[], ['b.csv', 'a.csv'], []]);
    const [first] = await findSubmissions(store.read);
    expect(first).toMatchObject({ eventTypeId: 4521, channel: 'inbox', sender: null, status: 'Queued', check: false });
    expect((await buffer(context.spool.read(first!.spool))).toString()).toBe('older');
    expect(folder.names()).toHaveLength(6);
    folder.put('a.csv', 'newer', due + 5000); // touched: the same bytes are no new file
    expect([await look(), await look(), await look()]).toEqual([[], [], []]);
    folder.put('a.csv', 'other bytes', due + 6000);
    expect([await look(), await look(), await look()]).toEqual([[], ['a.csv'], []]);
  });

  test('removes what it has accepted where it may, and takes a later file of the same name as a new one', async () => {
    const store = await open();
    const folder = newFolder();
    const { look } = await makeInbox(store, folder.spec, { remove: true });
    folder.put('a.csv', 'one');
    expect([await look(), await look(), folder.names()]).toEqual([[], ['a.csv'], []]);
    expect(await look()).toEqual([]);
    folder.put('a.csv', 'one');
    expect([await look(), await look(), folder.names()]).toEqual([[], ['a.csv'], []]);
    const all = await findSubmissions(store.read);
    expect(all.map(({ status }) => status)).toEqual(['Queued', 'Duplicate']);
  });

  test('a file that is put there again before the next look is a new one, also with the same bytes and time', async () => {
    const store = await open();
    const folder = newFolder();
    const { look } = await makeInbox(store, folder.spec, { remove: true });
    folder.put('a.csv', 'one');
    expect([await look(), await look(), folder.names()]).toEqual([[], ['a.csv'], []]);
    folder.put('a.csv', 'one', due + 5000);
    expect([await look(), await look(), folder.names()]).toEqual([[], ['a.csv'], []]);
    folder.put('a.csv', 'one', due + 5000);
    expect([await look(), await look(), folder.names()]).toEqual([[], ['a.csv'], []]);
    expect(await findSubmissions(store.read)).toHaveLength(3);
  });

  test('waits for a file as long as it grows, between two looks and while it is fetched', async () => {
    const store = await open();
    const folder = newFolder();
    let grow = false;
    const growing: OpenDrop = async (spec, signal) => {
      const drop = await openDrop(spec, signal);
      const fetch: typeof drop.fetch = async (name) => {
        const bytes = await drop.fetch(name);
        if (grow) appendFileSync(placeIn(folder, name), ' and more');
        return bytes;
      };
      return {
        ...drop,
        place: drop.place,
        learned: drop.learned,
        list: () => drop.list(),
        fetch,
        close: () => drop.close(),
      };
    };
    const { look, context } = await makeInbox(store, folder.spec, {}, growing);
    folder.put('a.csv', 'a');
    expect(await look()).toEqual([]);
    folder.put('a.csv', 'ab');
    expect(await look()).toEqual([]);
    grow = true;
    expect(await look()).toEqual([]);
    grow = false;
    expect(readdirSync(context.spool.folder).filter((name) => name !== 'notes')).toEqual([]);
    expect([await look(), await look()]).toEqual([[], ['a.csv']]);
    const [only] = await findSubmissions(store.read);
    expect((await buffer(context.spool.read(only!.spool))).toString()).toBe('ab and more');
  });

  test('is looked at when it is due, by one process, and says why it cannot be', async () => {
    const store = await open();
    const folder = newFolder();
    const { look, context, inbox, clock } = await makeInbox(store, folder.spec);
    await look();
    const signal = new AbortController().signal;
    expect(await pollInbox(context, inbox, signal)).toBe('not due');
    clock.advance(minute);
    const both = [context, { ...context, holder: 'another' }].map((ctx) => pollInbox(ctx, inbox, signal));
    expect((await Promise.all(both)).filter((one) => one === 'not due')).toHaveLength(1);
    rmSync(folder.spec.folder, { recursive: true });
    await expect(look()).rejects.toMatchObject({ code: 'folder' });
    const [trouble] = (await store.read('inboxes')) as Row[];
    expect([Number(trouble?.['failing_since']), trouble?.['next']]).toEqual([clock.now(), 'hold']);
  });

  test('killed between the submission and the removal, it removes the file and takes it no second time', async () => {
    const store = await open();
    const { address } = store;
    const folder = newFolder();
    const { look, context, inbox } = await makeInbox(store, folder.spec, { remove: true });
    folder.put('a.csv', 'one');
    await look();
    const url = address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url;
    const errand: InboxErrand = { url, spool: context.spool.folder, inbox };
    const entry = join(import.meta.dirname, '../../flow/inbox-child.ts');
    const child = spawn(process.execPath, [entry, JSON.stringify(errand)], { stdio: 'inherit' });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([signal, folder.names()]).toEqual(['SIGKILL', ['a.csv']]);
    await store.write(async ({ knex }) => {
      await knex('leases').update({ holder: null, leased_until: 0 });
      await knex('inboxes').update({ polled_at: 0 });
    });
    expect([await look(), folder.names()]).toEqual([[], []]);
    expect(await findSubmissions(store.read)).toHaveLength(1);
  });
});

/** The same on servers, whose times are rougher and whose files somebody else owns. */
const onServer = (
  title: string,
  missing: string | undefined,
  start: () => Promise<Sshd | Vsftpd>,
  specOf: (server: never) => DropSpec,
) =>
  describe.skipIf(missing !== undefined)(title, () => {
    let server: Sshd | Vsftpd;
    beforeAll(async () => void (server = await start()));
    afterAll(() => server.stop());
    describeStores('an inbox there', (open) => {
      test('is read, remembered, and emptied where that is asked for', async () => {
        const store = await open();
        const spec = specOf(server as never);
        const put = (name: string, text: string) => writeFileSync(join(server.folder, name), text);
        const { look } = await makeInbox(store, spec);
        put('orders.csv', 'first');
        put('.orders.csv.part', 'no');
        expect([await look(), await look(), await look()]).toEqual([[], ['orders.csv'], []]);
        const emptying = await makeInbox(store, spec, { remove: true, eventTypeId: 4600 });
        expect([await emptying.look(), await emptying.look()]).toEqual([[], ['orders.csv']]);
        expect(readdirSync(server.folder)).toEqual(['.orders.csv.part']);
        expect(await look()).toEqual([]);
        rmSync(join(server.folder, '.orders.csv.part'));
      });
    });
  });

onServer(
  'OpenSSH',
  await sshdMissing(),
  () => startSshd(),
  (server: Sshd) => sftpSpec(server, { stepTimeout: 20_000 }),
);
onServer(
  'vsftpd',
  await vsftpdMissing(),
  () => startVsftpd(),
  (server: Vsftpd) => ({ ...ftpsSpec(server), stepTimeout: 20_000 }),
);
