import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Fault } from '../../../src/fault.ts';
import { expireSubmissions } from '../../../src/inbound/submission/expiry.ts';
import { missingFile } from '../../../src/inbound/mail/log-message.ts';
import { insertMessage, messagesToLog } from '../../../src/inbound/mail/messages.ts';
import { describeStores } from '../../stores.ts';
import { csvText } from './mails.ts';
import { mailWith, makeMailStage, recipient, messageWithoutBytes } from './stage.ts';

describeStores('the submissions of a mail', (open) => {
  test('each file is a submission, queued under its own bytes', async () => {
    const { accept, log, submissions, spool, messageOf } = await makeMailStage(await open());
    const id = await accept(mailWith(['a.csv', csvText], ['b.xml', '<a/>']));
    const ids = await log(id);
    const found = await submissions();
    expect(found.map((one) => one.id)).toEqual(ids);
    expect(
      found.map(({ fileName, status, message, channel, sender }) => [fileName, status, message, channel, sender]),
    ).toEqual([
      ['a.csv', 'Queued', { messageId: id, recipient: 'sale@in.example.test', part: '1' }, 'mail', 'ann@brand.example'],
      ['b.xml', 'Queued', { messageId: id, recipient: 'sale@in.example.test', part: '2' }, 'mail', 'ann@brand.example'],
    ]);
    expect(await readFile(spool.pathOf(found[0]?.spool ?? ''), 'utf8')).toBe(csvText);
    expect((await messageOf(id)).loggedAt).not.toBeNull();
  });

  test('several recipients have one each; a +check address has a dry run, a refused one its reason', async () => {
    const { accept, log, submissions } = await makeMailStage(await open());
    await log(
      await accept(mailWith(['a.csv', csvText]), [
        recipient({
          recipient: 'c@in.example.test',
          eventTypeId: 4600,
          refusal: 'ann@brand.example may not send here.',
        }),
        recipient({ recipient: 'a@in.example.test' }),
        recipient({ recipient: 'b+check@in.example.test', check: true }),
      ]),
    );
    expect(
      (await submissions()).map(({ eventTypeId, check, status, error }) => [eventTypeId, check, status, error]),
    ).toEqual([
      [4521, false, 'Queued', null],
      [4521, true, 'Queued', null],
      [4600, false, 'Failed', 'ann@brand.example may not send here.'],
    ]);
  });

  test('the same bytes again are a duplicate; of one that was refused they are not', async () => {
    const { accept, log, submissions } = await makeMailStage(await open());
    const refused = [recipient({ refusal: 'Not allowed.' })];
    for (const recipients of [refused, [recipient()], [recipient()]])
      await log(await accept(mailWith(['a.csv', csvText]), recipients));
    expect((await submissions()).map(({ status, duplicateOf }) => [status, duplicateOf])).toEqual([
      ['Failed', null],
      ['Queued', null],
      ['Duplicate', (await submissions())[1]?.id],
    ]);
  });

  test.each([
    ['a mail without a file', mailWith(), 'The mail has no file.'],
    ['a picture only', mailWith(['table.png', 'x']), 'only table.png'],
    ['our own result', mailWith(['result_a.csv', csvText]), 'kept for our answers'],
    ['a spreadsheet', mailWith(['a.xlsx', 'PK']), 'it is a spreadsheet'],
    [
      'a message that ends inside a part',
      mailWith(['a.csv', csvText]).subarray(0, -30),
      'ends in the middle of a part',
    ],
  ])('%s has one line, failed, with its cause', async (_, raw, cause) => {
    const { accept, log, submissions } = await makeMailStage(await open());
    await log(await accept(raw));
    const [only, ...others] = await submissions();
    expect(others).toEqual([]);
    expect(only).toMatchObject({ status: 'Failed', position: 0, outcomes: {} });
    expect(only?.error).toContain(cause);
    expect(only?.completedAt).not.toBeNull();
  });

  test('a message that takes its reader down is failed too', async () => {
    const { accept, log, submissions } = await makeMailStage(await open());
    const findFiles = () => Promise.reject(new RangeError('Maximum call stack size exceeded'));
    await log(await accept(mailWith(['a.csv', csvText])), { findFiles });
    expect((await submissions())[0]?.error).toContain('Maximum call stack size exceeded');
  });

  test('what passes by itself is tried again, and writes nothing before', async () => {
    const store = await open();
    const { accept, log, submissions } = await makeMailStage(store);
    const id = await accept(mailWith(['a.csv', csvText]));
    const about = {
      operation: 'write to',
      object: 'the spool',
      reason: 'it is full',
      hint: 'make room',
      code: 'disk-full',
    };
    const findFiles = () => Promise.reject(new Fault({ ...about, next: 'retry' }));
    await expect(log(id, { findFiles })).rejects.toMatchObject({ code: 'disk-full' });
    expect(await submissions()).toEqual([]);
    expect((await messagesToLog(store.read, 9)).map((one) => one.id)).toEqual([id]);
    await log(id);
    expect(await submissions()).toHaveLength(1);
  });

  test('a database that does not take the lines leaves no copies of the files behind, however often it is tried', async () => {
    const store = await open();
    const { accept, log, spoolNames } = await makeMailStage(store);
    const id = await accept(mailWith(['a.csv', csvText], ['b.csv', 'y']));
    const raw = await spoolNames();
    const rename = (from: string, to: string) => store.write(({ knex }) => knex.schema.renameTable(from, to));
    await rename('message_recipients', 'elsewhere');
    for (let time = 0; time < 3; time++) await expect(log(id)).rejects.toThrow('message_recipients');
    expect(await spoolNames()).toEqual(raw);
    await rename('elsewhere', 'message_recipients');
    expect(await log(id)).toHaveLength(2);
  });

  test('what the system says is no fault of the message', async () => {
    const { accept, log, submissions } = await makeMailStage(await open());
    const full = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' });
    const findFiles = () => Promise.reject(new Error('cannot write', { cause: full }));
    await expect(log(await accept(mailWith(['a.csv', csvText])), { findFiles })).rejects.toThrow('cannot write');
    expect(await submissions()).toEqual([]);
  });

  test('a raw message that is not in the spool (a folder that is not there) waits', async () => {
    const store = await open();
    const { log, submissions } = await makeMailStage(store);
    const id = await store.write((writer) => insertMessage(writer, messageWithoutBytes, [recipient()]));
    await expect(log(id)).rejects.toThrow();
    expect(await submissions()).toEqual([]);
  });

  test('of several that log the same message at once, one does; the others leave nothing', async () => {
    const { accept, log, submissions, spoolNames } = await makeMailStage(await open());
    const id = await accept(mailWith(['a.csv', csvText], ['b.csv', 'x']));
    const all = await Promise.all([log(id), log(id), log(id)]);
    expect(all.filter((ids) => ids !== undefined)).toHaveLength(1);
    expect(await submissions()).toHaveLength(2);
    expect(await spoolNames()).toHaveLength(3);
  });

  test('a file that several recipients share stays until the last of them lets it go', async () => {
    const store = await open();
    const { accept, log, submissions, spool, spoolNames } = await makeMailStage(store);
    await log(
      await accept(
        mailWith(['a.csv', csvText]),
        ['a', 'b'].map((name) => recipient({ recipient: name, refusal: 'No.' })),
      ),
    );
    const [one, other] = await submissions();
    expect(one?.spool).toBe(other?.spool);
    const endAt = (id: number | undefined, at: number) =>
      store.write(({ knex }) => knex('submissions').where({ id }).update({ completed_at: at }));
    await endAt(one?.id, 1);
    await endAt(other?.id, 10);
    await expireSubmissions(store, spool, 5, 5);
    expect(await spoolNames()).toContain(one?.spool);
    await expireSubmissions(store, spool, 11, 11);
    expect(await spoolNames()).not.toContain(one?.spool);
  });
});

test('a mail without a file names what it has', () => {
  expect(missingFile(['1', '2', '3', '4', '5', '6', '7'])).toContain('only 1, 2, 3, 4, 5 and 2 more.');
});
