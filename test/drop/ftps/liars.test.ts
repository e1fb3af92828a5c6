import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { DropCode, DropOptions } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { startScriptedFtps, type FtpsAsked, type FtpsLie, type ScriptedFtps } from '../../servers/scripted-ftps.ts';
import { ftpsSpec } from './stage.ts';
import { deliver, faultOf, outgoing, sha256, type Stage } from '../stage.ts';

interface Liar {
  does: string;
  lies: Record<string, FtpsLie>;
  ends: [code: DropCode, next: 'retry' | 'hold'];
  /** Which of two it is depends on how much was under way. */
  or?: DropCode;
  options?: Partial<DropOptions>;
  /** What lies under the final name afterwards; nothing when it is not said. */
  final?: 'whole' | 'shortened by the server';
}

const says =
  (reply: string): FtpsLie =>
  (asked) =>
    asked.say(reply);
const silent: FtpsLie = () => undefined;
const cuts: FtpsLie = (asked) => asked.cut();
const onFinal =
  (lie: FtpsLie): FtpsLie =>
  (asked, honest) =>
    asked.name === 'orders.csv' && asked.held ? lie(asked, honest) : honest();
const sized =
  (change: (bytes: number) => number | string): FtpsLie =>
  (asked, honest) =>
    asked.held ? asked.say(`213 ${change(asked.held.length)}`) : honest();

const received = async (asked: FtpsAsked): Promise<Buffer> => {
  asked.say('150 go on');
  const chunks: Buffer[] = [];
  for await (const chunk of (await asked.data()) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};
/** Takes the bytes and does this with them. */
const takes =
  (then: (asked: FtpsAsked, bytes: Buffer) => void): FtpsLie =>
  (asked) =>
    void received(asked).then((bytes) => then(asked, bytes));
const keeps = (change: (bytes: Buffer) => Buffer, last: (asked: FtpsAsked) => void): FtpsLie =>
  takes((asked, bytes) => {
    asked.files.set(asked.name, change(bytes));
    last(asked);
  });
/** Cuts the data connection once bytes have come, and says this. */
const cutsAndSays =
  (words: string): FtpsLie =>
  (asked) => {
    asked.say('150 go on');
    void asked.data().then(async (data) => {
      await once(data, 'data');
      data.destroy();
      asked.say(words);
    });
  };
const all = (bytes: Buffer) => bytes;
const shortened = (bytes: Buffer) => bytes.subarray(0, 100);
const done = (asked: FtpsAsked) => asked.say('226 done');

/** RNTO as the honest server does it, with another last word. */
const renamesAnd = (last: (asked: FtpsAsked) => void, change = all): Record<string, FtpsLie> => ({
  RNTO: (asked) => {
    const [from, bytes] = [...asked.files].find(([name]) => name.endsWith('.part')) ?? ['', Buffer.alloc(0)];
    asked.files.set(asked.name, change(bytes));
    asked.files.delete(from);
    last(asked);
  },
});

const liars: Liar[] = [
  {
    does: 'says yes to everything and keeps nothing',
    lies: { STOR: takes(done), RNFR: says('350 yes'), RNTO: says('250 yes') },
    ends: ['size', 'retry'],
  },
  { does: 'says a larger size', lies: { SIZE: sized((bytes) => bytes + 1) }, ends: ['size', 'retry'] },
  {
    does: 'says a wrong size after the rename only',
    lies: { SIZE: onFinal(sized((bytes) => bytes - 1)) },
    ends: ['size', 'hold'],
    final: 'whole',
  },
  { does: 'shortens the file and says 226', lies: { STOR: keeps(shortened, done) }, ends: ['size', 'retry'] },
  {
    does: 'shortens the file and lies about its size, but it is read back',
    lies: { STOR: keeps(shortened, done), SIZE: sized(() => 100_000) },
    options: { confirm: 'digest' },
    ends: ['cut', 'retry'],
  },
  {
    does: 'shortens the file when it is renamed',
    lies: renamesAnd((asked) => asked.say('250 yes'), shortened),
    ends: ['size', 'hold'],
    final: 'shortened by the server',
  },
  {
    does: 'takes the file and hangs up without 226',
    lies: { STOR: keeps(shortened, (asked) => asked.cut()) },
    ends: ['cut', 'retry'],
  },
  {
    does: 'takes the file and says nothing',
    lies: { STOR: keeps(shortened, () => undefined) },
    ends: ['timeout', 'retry'],
  },
  {
    does: 'says 226 before the bytes have come, and keeps none',
    lies: {
      STOR: (asked) => {
        asked.say('150 go on');
        asked.say('226 done');
        void asked.data().then((data) => data.resume());
      },
    },
    ends: ['size', 'retry'],
  },
  {
    does: 'closes the data connection in the middle and says 226',
    lies: { STOR: cutsAndSays('226 done') },
    ends: ['size', 'retry'],
    or: 'cut',
  },
  {
    does: 'closes the data connection in the middle and says 426',
    lies: { STOR: cutsAndSays('426 broken') },
    ends: ['cut', 'retry'],
  },
  {
    does: 'has no space in the middle',
    lies: { STOR: takes((asked) => asked.say('552 quota exceeded')) },
    ends: ['disk-full', 'retry'],
  },
  { does: 'refuses the upload', lies: { STOR: says('550 permission denied') }, ends: ['denied', 'hold'] },
  {
    does: 'opens no data connection (425)',
    lies: { STOR: says('425 cannot open data connection') },
    ends: ['unreachable', 'retry'],
  },
  { does: 'refuses the rename', lies: { RNTO: says('550 permission denied') }, ends: ['denied', 'hold'] },
  { does: 'does not know renames', lies: { RNFR: says('502 unknown') }, ends: ['refused', 'hold'] },
  {
    does: 'renames and hangs up',
    lies: renamesAnd((asked) => asked.cut()),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and falls silent',
    lies: renamesAnd(() => undefined),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and says 421',
    lies: renamesAnd((asked) => asked.say('421 bye')),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and answers with rubbish',
    lies: renamesAnd((asked) => asked.say('what?')),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and says 350',
    lies: renamesAnd((asked) => asked.say('350 and now?')),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  { does: 'refuses to protect data', lies: { PROT: says('536 no PROT P') }, ends: ['tls', 'hold'] },
  { does: 'has no TLS', lies: { AUTH: says('502 unknown') }, ends: ['tls', 'hold'] },
  {
    does: 'agrees to TLS and goes on in the open',
    lies: { AUTH: (asked) => (asked.say('234 go on'), setTimeout(() => asked.say('220 hello'), 50)) },
    ends: ['tls', 'hold'],
  },
  { does: 'agrees to TLS and falls silent', lies: { AUTH: says('234 go on') }, ends: ['timeout', 'retry'] },
  { does: 'refuses the password', lies: { PASS: says('530 no') }, ends: ['sign-in', 'hold'] },
  { does: 'wants an account too', lies: { PASS: says('332 account?') }, ends: ['sign-in', 'hold'] },
  { does: 'asks for the sign-in again later', lies: { STOR: says('530 please sign in') }, ends: ['sign-in', 'hold'] },
  { does: 'is full', lies: { CONNECT: says('421 too many users') }, ends: ['busy', 'retry'] },
  { does: 'has no such folder', lies: { CWD: says('550 no such folder') }, ends: ['folder', 'hold'] },
  { does: 'greets and falls silent', lies: { AUTH: silent }, ends: ['timeout', 'retry'] },
  { does: 'does not greet', lies: { CONNECT: silent }, ends: ['timeout', 'retry'] },
  { does: 'greets with rubbish', lies: { CONNECT: says('hello') }, ends: ['timeout', 'retry'] },
  {
    does: 'greets without end',
    lies: { CONNECT: (asked) => asked.sayWithoutEnd('220-hello\r\n'.repeat(1_000)) },
    ends: ['refused', 'retry'],
  },
  {
    does: 'greets in one line without end',
    lies: { CONNECT: (asked) => asked.sayWithoutEnd('hello '.repeat(2_000)) },
    ends: ['timeout', 'retry'],
  },
  { does: 'gives no port', lies: { EPSV: says('229 here'), PASV: says('227 here') }, ends: ['refused', 'hold'] },
  {
    does: 'gives a port where nobody is',
    lies: { EPSV: says('229 here (|||1|)'), PASV: says('227 here (127,0,0,1,0,1)') },
    ends: ['unreachable', 'retry'],
  },
  {
    does: 'knows neither EPSV nor PASV',
    lies: { EPSV: says('502 unknown'), PASV: says('502 unknown') },
    ends: ['refused', 'hold'],
  },
  {
    does: 'tells of files only by their bytes, and sends those without end',
    lies: {
      SIZE: says('502 unknown'),
      LIST: says('550 permission denied'),
      RETR: (asked) => (asked.held ? asked.sendWithoutEnd(Buffer.alloc(100_000)) : asked.say('550 No such file')),
    },
    ends: ['size', 'retry'],
  },
  ...['PASS', 'PROT', 'CWD', 'EPSV', 'STOR', 'RNFR', 'SIZE'].flatMap((verb): Liar[] => [
    { does: `falls silent at ${verb}`, lies: { [verb]: silent }, ends: ['timeout', 'retry'] },
    { does: `hangs up at ${verb}`, lies: { [verb]: cuts }, ends: ['cut', 'retry'] },
    {
      does: `says 421 at ${verb}`,
      lies: { [verb]: (asked) => (asked.say('421 bye'), asked.cut()) },
      ends: ['cut', 'retry'],
    },
    {
      does: `answers without end at ${verb}`,
      lies: { [verb]: (asked) => asked.sayWithoutEnd('200-more\r\n'.repeat(1_000)) },
      ends: ['refused', verb === 'EPSV' ? 'hold' : 'retry'],
    },
  ]),
];

describe('an FTPS server that lies', () => {
  let server: ScriptedFtps;
  const against = async (lies: Record<string, FtpsLie>): Promise<Pick<Stage, 'open'>> => {
    server = await startScriptedFtps({ lies });
    const spec = { ...ftpsSpec({ port: server.port, user: 'anybody', password: 'anything' }), stepTimeout: 800 };
    return { open: (changes) => openDrop({ ...spec, ...changes }) };
  };
  afterEach(() => server.close());

  it('is honest when nothing else is said', async () => {
    const stage = await against({});
    const file = outgoing('orders.csv', 100_000);
    expect(await deliver(stage, file)).toBe('size');
    expect(server.files.get('orders.csv')).toHaveLength(100_000);
    expect([...server.files.keys()]).toEqual(['orders.csv']);
  });

  it.each(liars)('$does: $ends.0', async ({ lies, ends: [code, next], or, options, final }) => {
    const stage = await against(lies);
    const file = outgoing('orders.csv', 100_000);
    const fault = await faultOf(deliver(stage, file, {}, options));
    expect([code, or], fault.message).toContain(fault.code);
    expect(fault.next).toBe(next);
    const there = server.files.get('orders.csv');
    if (final === undefined) expect(there).toBeUndefined();
    if (final === 'whole') expect(sha256(there ?? Buffer.alloc(0))).toBe(file.sha256);
    if (final === 'shortened by the server') expect(there).toHaveLength(100);
  });
});
