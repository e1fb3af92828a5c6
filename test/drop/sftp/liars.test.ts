import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import type { AuthContext, KeyboardAuthContext } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import type { DropCode, DropOptions, SftpSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { digestStream } from '../../../src/file/digest.ts';
import { safeName } from '../../../src/safe-name.ts';
import { Secret } from '../../../src/secret.ts';
import {
  startScriptedSftp,
  type ScriptedSftp,
  type SftpLie,
  type SftpRequest,
  type SftpScript,
} from '../../servers/scripted-sftp.ts';
import { startTalker, withoutEnd } from '../../servers/talker.ts';
import { deliver, faultOf, outgoing, sha256, type Stage } from '../stage.ts';

const specOf = (server: { port: number; fingerprint: string }): SftpSpec => ({
  kind: 'sftp',
  name: 'liar',
  host: '127.0.0.1',
  port: server.port,
  user: 'anybody',
  password: new Secret('anything'),
  hostKeys: [server.fingerprint],
  folder: '/in',
  concurrency: 4,
  stepTimeout: 300,
  replace: false,
});

// SSH_FX_… of draft-ietf-secsh-filexfer-02, 7.
const [ok, eof, missing, denied, failure, badMessage, noConnection, connectionLost] = [0, 1, 2, 3, 4, 5, 6, 7];

interface Liar {
  does: string;
  script: SftpScript;
  ends: [DropCode, 'retry' | 'hold'];
  options?: Partial<DropOptions>;
  /** What lies under the final name afterwards; nothing when it is not said. */
  final?: 'whole' | 'shortened by the server';
}

const says =
  (status: number, words = ''): SftpLie =>
  (asked) =>
    asked.status(status, words);
const yes = says(ok);
const silent: SftpLie = () => undefined;
const cuts: SftpLie = (asked) => asked.cut();
/** Bytes that are no answer. */
const garbles =
  (hex: string): SftpLie =>
  (asked) =>
    asked.raw(Buffer.from(hex, 'hex'));
/** An SFTP packet of numbers. */
const packet = (type: number, ...numbers: number[]): Buffer => {
  const bytes = Buffer.alloc(5 + 4 * numbers.length);
  bytes.writeUInt32BE(bytes.length - 4);
  bytes.writeUInt8(type, 4);
  numbers.forEach((number, n) => bytes.writeUInt32BE(number, 5 + 4 * n));
  return bytes;
};
/** Only to the nth request of its kind on a connection. */
const at =
  (nth: number, lie: SftpLie): SftpLie =>
  (asked, honest) =>
    asked.nth === nth ? lie(asked, honest) : honest();
const onFinal =
  (lie: SftpLie): SftpLie =>
  (asked, honest) =>
    asked.name === 'orders.csv' ? lie(asked, honest) : honest();
const sized =
  (change: (bytes: number) => number | undefined): SftpLie =>
  (asked, honest) => {
    if (!asked.held) return honest();
    const size = change(asked.held.length);
    asked.attributes({ mode: 0o100644, ...(size !== undefined && { size }) });
  };
const renamesAnd =
  (then: SftpLie, keep = (bytes: Buffer) => bytes): SftpLie =>
  (asked, honest) => {
    if (asked.held) asked.files.set(asked.to, keep(asked.held));
    asked.files.delete(asked.name);
    then(asked, honest);
  };
const shortened = (bytes: Buffer) => Buffer.from(bytes.subarray(0, 100));
const lies = (some: Partial<Record<SftpRequest, SftpLie>>): SftpScript => ({ lies: some });

// The looks of an attempt: 1 and 3 whether the final name is free, 2 the partial name's size, 4 the final name.
const liars: Liar[] = [
  {
    does: 'says yes to everything and keeps nothing',
    script: lies({ write: yes, rename: yes, look: says(missing) }),
    ends: ['size', 'retry'],
  },
  { does: 'takes every write and keeps none', script: lies({ write: yes }), ends: ['size', 'retry'] },
  { does: 'says a larger size', script: lies({ look: sized((bytes) => bytes + 1) }), ends: ['size', 'retry'] },
  { does: 'says that every file is empty', script: lies({ look: sized(() => 0) }), ends: ['size', 'retry'] },
  { does: 'says no size', script: lies({ look: sized(() => undefined) }), ends: ['size', 'retry'] },
  {
    does: 'says a wrong size after the rename only',
    script: lies({ look: onFinal(sized((bytes) => bytes - 1)) }),
    ends: ['size', 'hold'],
    final: 'whole',
  },
  {
    does: 'loses a write in the middle of the file',
    script: lies({ write: at(2, yes) }),
    options: { confirm: 'digest' },
    ends: ['size', 'retry'],
  },
  {
    does: 'shortens the file when it is closed',
    script: lies({
      close: (asked, honest) => {
        if (asked.held) asked.files.set(asked.name, shortened(asked.held));
        honest();
      },
    }),
    ends: ['size', 'retry'],
  },
  {
    does: 'shortens the file when it is renamed',
    script: lies({ rename: renamesAnd(yes, shortened) }),
    ends: ['size', 'hold'],
    final: 'shortened by the server',
  },
  { does: 'fails every write', script: lies({ write: says(failure) }), ends: ['refused', 'retry'] },
  {
    does: 'fails a write for want of space, in words',
    script: lies({ write: says(failure, 'Quota exceeded') }),
    ends: ['disk-full', 'retry'],
  },
  {
    does: 'answers a status that nobody knows',
    script: lies({
      write: (asked) => asked.raw(packet(101, asked.id, 4711, 0, 0)),
    }),
    ends: ['refused', 'retry'],
  },
  { does: 'says "end of file" to a write', script: lies({ write: says(eof) }), ends: ['cut', 'retry'] },
  { does: 'says yes to an open and gives no handle', script: lies({ open: yes }), ends: ['refused', 'retry'] },
  { does: 'fails the close', script: lies({ close: says(failure) }), ends: ['refused', 'retry'] },
  { does: 'denies the rename', script: lies({ rename: says(denied) }), ends: ['denied', 'hold'] },
  { does: 'fails the rename', script: lies({ rename: says(failure) }), ends: ['refused', 'retry'] },
  { does: 'does not understand the rename', script: lies({ rename: says(badMessage) }), ends: ['refused', 'hold'] },
  {
    does: 'renames and says that it has no storage',
    script: lies({ rename: renamesAnd(says(noConnection)) }),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and says that it lost its storage',
    script: lies({ rename: renamesAnd(says(connectionLost)) }),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and hangs up',
    script: lies({ rename: renamesAnd(cuts) }),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and falls silent',
    script: lies({ rename: renamesAnd(silent) }),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and answers with rubbish',
    script: lies({ rename: renamesAnd(garbles('00000005ee00000001')) }),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'renames and is silent when asked for the file',
    script: lies({ look: at(4, silent) }),
    ends: ['unknown-outcome', 'retry'],
    final: 'whole',
  },
  {
    does: 'keeps names in upper case and finds no others',
    script: lies({
      write: (asked) => {
        asked.files.set(asked.name.toUpperCase(), asked.data);
        asked.files.delete(asked.name);
        asked.status(ok);
      },
    }),
    ends: ['size', 'retry'],
  },
  { does: 'sends a packet without end', script: lies({ open: garbles('ffffffff66') }), ends: ['refused', 'retry'] },
  { does: 'sends a packet of no kind', script: lies({ open: garbles('00000005ee00000001') }), ends: ['cut', 'retry'] },
  {
    does: 'answers what nobody asked',
    script: lies({ open: garbles('0000001165000fff000000000000000000000000') }),
    ends: ['timeout', 'retry'],
  },
  ...(['open', 'write', 'close', 'look'] as const).flatMap((kind): Liar[] => [
    { does: `does not answer: ${kind}`, script: lies({ [kind]: silent }), ends: ['timeout', 'retry'] },
    { does: `hangs up at: ${kind}`, script: lies({ [kind]: cuts }), ends: ['cut', 'retry'] },
  ]),
  { does: 'does not answer the second look', script: lies({ look: at(2, silent) }), ends: ['timeout', 'retry'] },
  { does: 'does not answer the third look', script: lies({ look: at(3, silent) }), ends: ['timeout', 'retry'] },
];

describe('an SFTP server that lies', () => {
  let server: ScriptedSftp;
  const against = async (script: SftpScript): Promise<Pick<Stage, 'open'>> => {
    server = await startScriptedSftp(script);
    return { open: (changes) => openDrop({ ...specOf(server), ...changes }) };
  };
  afterEach(() => server.close());

  it('is honest when nothing else is said', async () => {
    const stage = await against({});
    const file = outgoing('orders.csv', 100_000);
    expect(await deliver(stage, file)).toBe('size');
    expect([...server.files.keys()]).toEqual(['orders.csv']);
    const drop = await stage.open();
    expect(await drop.list()).toMatchObject([{ name: 'orders.csv' }]);
    await drop.close();
  });

  it.each(liars)('$does: $ends.0', async ({ script, ends: [code, next], options, final }) => {
    const stage = await against(script);
    const file = outgoing('orders.csv', 100_000);
    const fault = await faultOf(deliver(stage, file, {}, options));
    expect(fault).toMatchObject({ code, next });
    const there = server.files.get('orders.csv');
    if (final === undefined) expect(there).toBeUndefined();
    if (final === 'whole') expect(sha256(there ?? Buffer.alloc(0))).toBe(file.sha256);
    if (final === 'shortened by the server') expect(there).toHaveLength(100);
  });

  const opened = async (script: SftpScript) => (await against(script)).open();

  it('has many files: all are listed', async () => {
    const drop = await opened({});
    for (let n = 0; n < 20_000; n++) server.files.set(`${n}.csv`, Buffer.alloc(0));
    expect(await drop.list()).toHaveLength(20_000);
    await drop.close();
  });

  it('lists names without end: refused', async () => {
    const page = Array.from({ length: 1_000 }, (_, n) => `${n}.csv`);
    const drop = await opened(lies({ list: (asked) => asked.names(page) }));
    expect(await faultOf(drop.list())).toMatchObject({ code: 'refused', next: 'retry' });
    await drop.close();
  });

  it('lists nothing over and over: that is the end', async () => {
    const drop = await opened(lies({ list: (asked) => asked.names([]) }));
    expect(await drop.list()).toEqual([]);
    await drop.close();
  });

  it('says a size far beyond the bytes it gives: reading ends where they end', async () => {
    const drop = await opened(lies({ look: sized(() => 1e15) }));
    server.files.set('orders.csv', Buffer.alloc(70_000));
    const { stream, digest } = digestStream();
    await finished((await drop.fetch(safeName('orders.csv'))).pipe(stream).resume());
    expect(digest().bytes).toBe(70_000);
    await drop.close();
  });

  it.each([
    ['every sign-in', (context: AuthContext) => context.reject()],
    ['the first factor and asks for another', (context: AuthContext) => context.reject(['hostbased'], true)],
  ])('refuses %s: sign-in', async (_, signIn) => {
    const stage = await against({ signIn });
    expect(await faultOf(stage.open())).toMatchObject({ code: 'sign-in', next: 'hold' });
  });

  it('asks one question after the other: given up in time', async () => {
    const ask = (context: KeyboardAuthContext): void =>
      context.prompt([{ prompt: 'Password:', echo: false }], () => ask(context));
    const signIn = (context: AuthContext) =>
      context.method === 'keyboard-interactive' ? ask(context) : context.reject(['keyboard-interactive']);
    const stage = await against({ signIn });
    expect(await faultOf(stage.open())).toMatchObject({ code: 'timeout', next: 'retry' });
  });

  it('never answers a sign-in: timeout', async () => {
    const stage = await against({ signIn: () => undefined });
    expect(await faultOf(stage.open())).toMatchObject({ code: 'timeout', next: 'retry' });
  });
});

describe('what answers is no SFTP server:', () => {
  const talks: [string, (socket: Socket) => void, DropCode[]][] = [
    ['it says nothing', () => undefined, ['timeout']],
    ['it greets and falls silent', (socket) => socket.write('SSH-2.0-quiet\r\n'), ['timeout']],
    ['it greets half', (socket) => socket.write('SSH-2.'), ['timeout']],
    ['it hangs up', (socket) => socket.end(), ['cut']],
    ['it greets and hangs up', (socket) => socket.end('SSH-2.0-quiet\r\n'), ['cut']],
    ['it speaks FTP', (socket) => socket.write('220 ready\r\n'), ['timeout', 'refused']],
    ['it speaks SSH 1', (socket) => socket.write('SSH-1.5-old\r\n'), ['refused']],
    [
      'it greets with lines without end',
      (socket) => withoutEnd(socket, 'welcome\r\n'.repeat(1000)),
      ['timeout', 'refused', 'cut'],
    ],
    [
      'it greets with a line without end',
      (socket) => withoutEnd(socket, 'x'.repeat(9000)),
      ['timeout', 'refused', 'cut'],
    ],
    ['it sends noise', (socket) => withoutEnd(socket, randomBytes(9000)), ['timeout', 'refused', 'cut']],
    [
      'it sends noise after the greeting',
      (socket) => (socket.write('SSH-2.0-x\r\n'), withoutEnd(socket, randomBytes(9000))),
      ['refused', 'cut'],
    ],
  ];
  it.each(talks)('%s', async (_, talk, codes) => {
    const server = await startTalker(talk);
    try {
      const fault = await faultOf(openDrop(specOf({ port: server.port, fingerprint: 'SHA256:none' })));
      expect(codes, fault.message).toContain(fault.code);
      expect(fault.next).not.toBe('bug');
    } finally {
      await server.close();
    }
  });
});
