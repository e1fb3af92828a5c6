import type { DropCode, DropOptions } from '../../../src/drop/drop.ts';
import type { SftpLie, SftpRequest, SftpScript } from '../../servers/scripted-sftp.ts';

// SSH_FX_… of draft-ietf-secsh-filexfer-02, 7.
const [ok, eof, missing, denied, failure, badMessage, noConnection, connectionLost] = [0, 1, 2, 3, 4, 5, 6, 7];

/** A server that lies, and how an upload of 100,000 bytes to it ends. */
export interface Liar {
  does: string;
  script: SftpScript;
  ends: [DropCode, 'retry' | 'hold'];
  options?: Partial<DropOptions>;
  /** What lies under the final name afterwards; nothing when it is not said. */
  final?: 'whole' | 'shortened by the server';
}

/** Answers with a status: SSH_FX_…. */
export const says =
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
export const sized =
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
export const lies = (some: Partial<Record<SftpRequest, SftpLie>>): SftpScript => ({ lies: some });

// The looks of an attempt: 1 and 3 whether the final name is free, 2 the partial name's size, 4 the final name.
export const liars: Liar[] = [
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
