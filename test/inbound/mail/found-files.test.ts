import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileLimits, findFiles } from '../../../src/inbound/mail/found-files.ts';
import { unsafeReason } from '../../../src/safe-name.ts';
import { openSpool, type Spool } from '../../../src/store/spool.ts';
import { csvText, readMails } from './mails.ts';

let mails: Map<string, Buffer>;
let folder: string;
let spool: Spool;

beforeAll(async () => {
  mails = readMails();
  folder = await mkdtemp(join(tmpdir(), 'nightdrop-mails-'));
  spool = await openSpool(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const limits = { ...fileLimits, unpackedBytes: 10_000_000 };

const find = (name: string) => {
  const raw = mails.get(name);
  if (!raw) throw new Error(`no mail ${name}`);
  return findFiles(spool, Readable.from([raw]), limits);
};

const contentOf = async (name: string): Promise<string> => (await readFile(spool.pathOf(name))).toString('latin1');

describe('a file that is taken', () => {
  const csv = (name: string, part: string): [string, string, string][] => [[part, name, csvText]];
  test.each<[string, [part: string, name: string, content: string][]]>([
    ['plain', csv('mods.csv', '2')],
    ['upper case', csv('MODS.CSV', '2')],
    ['xml', [['2', 'mods.Xml', '<a/>']]],
    ['octet-stream', csv('mods.csv', '2')],
    ['excel type', csv('mods.csv', '2')],
    ['inline', csv('mods.csv', '2')],
    ['inline text/plain', csv('mods.csv', '2')],
    ['image type with csv name', csv('mods.csv', '2')],
    ['nested multipart', csv('nested.csv', '3')],
    ['utf-16 bytes', [['2', 'mods.csv', Buffer.from(`\ufeff${csvText}`, 'utf16le').toString('latin1')]]],
    ['rfc 2231', csv('Änderungen Mai – 25€.csv', '2')],
    ['rfc 2231 continued', csv('Änderungen.csv', '1')],
    ['rfc 2047', csv('Änderung.csv', '1')],
    ['raw utf-8 name', csv('Änderung.csv', '1')],
    ['name in the type only', csv('mods.csv', '1')],
    ['body is text/csv', csv('mail.csv', '1')],
    ['body is base64 text/csv', csv('mail.csv', '1')],
    ['body is xml', [['1', 'mail.xml', '<a/>']]],
    ['two files', [...csv('a.csv', '2'), ['3', 'b.csv', 'x']]],
    ['no bytes', [['2', 'empty.csv', '']]],
    ['path in the name', csv('mods.csv', '2')],
    ['windows path', csv('mods.csv', '1')],
    ['control characters', csv('a b c.csv', '1')],
    ['long name', csv(`${'x'.repeat(146)}.csv`, '2')],
    ['forwarded', csv('deep.csv', '2.2')],
    ['forwarded four times', csv('deep.csv', '2.2.2.2.2')],
    ['forwarded inline', csv('deep.csv', '1.2')],
    ['signature beside', csv('mods.csv', '2')],
    ['zip', [...csv('mods.csv', '2/1'), ['2/2', 'more.XML', '<a/>']]],
    ['zip stored', csv('mods.csv', '2/1')],
    ['zip of a mac', csv('mods.csv', '2/1')],
    ['gzip', csv('mods.csv', '2/1')],
    ['gzip of two members', csv('mods.csv', '2/1')],
    ['unnamed zip', csv('mods.csv', '1/1')],
    ['receipt beside', csv('mods.csv', '2')],
  ])('%s', async (name, expected) => {
    const { files } = await find(name);
    const found = await Promise.all(files.map(async (one) => [one.part, one.name, await contentOf(one.spool)]));
    expect(found).toEqual(expected);
    expect(files.map(({ trouble }) => trouble)).toEqual(expected.map(() => null));
    expect(files.map((one) => unsafeReason(one.name))).toEqual(expected.map(() => undefined));
  });

  test('quoted-printable', async () => {
    const [file] = (await find('quoted-printable')).files;
    const content = await readFile(spool.pathOf(file?.spool ?? ''), 'utf8');
    expect(content.replaceAll('\r\n', '\n')).toBe(`${csvText}Ä=3D,4521,1,OTHER\n`.replaceAll('\r\n', '\n'));
  });
});

describe('no file', () => {
  test.each([
    ['result of ours', ['result_mods.csv']],
    ['hidden', ['.mods.csv']],
    ['no file', []],
    ['picture only', ['table.png']],
    ['nothing', []],
    ['no header', []],
    ['no boundary', []],
  ])('%s', async (name, aside) => expect(await find(name)).toEqual({ files: [], aside }));
});

describe('a file that is not taken says why', () => {
  test.each([
    ['csv.exe', 'mods.csv.exe', 'does not end in .csv or .xml'],
    ['excel', 'mods.xlsx', 'it is a spreadsheet'],
    ['winmail', 'winmail.dat', 'TNEF'],
    ['smime', 'smime.p7m', 'S/MIME'],
    ['octet-stream without a name', '(no name)', 'without a name'],
    ['forwarded too often', 'forwarded.eml', 'too many mails'],
    ['zip in zip', 'mods.zip', 'an archive inside an archive'],
    ['zip of a folder', 'mods.zip', 'it lies in a folder'],
    ['zip that climbs', 'mods.zip', 'it lies in a folder'],
    ['zip with absolute path', 'mods.zip', 'it lies in a folder'],
    ['zip encrypted', 'mods.zip', 'it is encrypted'],
    ['zip damaged', 'mods.zip', 'it is damaged'],
    ['zip cut off', 'mods.zip', 'it is damaged'],
    ['zip empty', 'mods.zip', 'holds no .csv or .xml file'],
    ['zip bomb', 'mods.zip', 'more than 10 MB come out of it'],
    ['zip with many entries', 'mods.zip', 'more than 1000 files'],
    ['gzip bomb', 'mods.csv.gz', 'more than 10 MB come out of it'],
    ['gzip damaged', 'mods.csv.gz', 'it is damaged'],
    ['gzip of something', 'mods.gz', 'mods: its name does not end in .csv'],
  ])('%s', async (mail, name, trouble) => {
    const { files } = await find(mail);
    expect(files.map((one) => one.name)).toEqual([name]);
    expect(files[0]?.trouble).toContain(trouble);
  });

  test.each([
    ['excel beside', 'mods.csv', 'old.xlsx'],
    ['zip with a csv and a pdf', 'mods.zip', 'mods.csv'],
  ])('%s: the one is taken, and the other says why not', async (mail, ...names) => {
    const { files } = await find(mail);
    expect(files.map((one) => one.name)).toEqual(names);
    expect(files.map((one) => one.trouble === null).sort()).toEqual([false, true]);
  });
});

describe('a message that cannot be used at all', () => {
  test.each([
    ['cut off', 'cut-off'],
    ['too many parts', 'too-many-parts'],
    ['huge header', 'too-many-parts'],
    ['too many files', 'too-many-files'],
  ])('%s leaves nothing in the spool', async (name, code) => {
    const before = await readdir(folder);
    await expect(find(name)).rejects.toMatchObject({ code, next: 'refuse' });
    expect(await readdir(folder)).toEqual(before);
  });

  test('a raw message that is not there is no fault of the message', async () => {
    await expect(findFiles(spool, spool.read('0'.repeat(32)))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
