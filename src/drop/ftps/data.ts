import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FTPResponse } from 'basic-ftp';
import { within } from '../deadline.ts';
import { DropFault } from '../drop.ts';
import { faultOf, type Step } from '../fault-table.ts';
import { ftpsFault, replyOf } from './faults.ts';
import type { Link } from './link.ts';
import type { Source } from '../source.ts';

/** One data connection, its TLS under way. */
export interface Data {
  raw: Socket;
  socket: TLSSocket;
  /** When TLS is there. */
  secured: Promise<void>;
}

interface Passive {
  port: number;
  /** How it was asked for, as people shall see it. */
  how: string;
}

/** `229 Entering Extended Passive Mode (|||6446|)`; some servers use another sign than `|` (RFC 2428, 3). */
const portOfEpsv = ({ message }: FTPResponse): number | undefined => {
  const digits = /\((.)\1\1(\d{1,5})\1\)/.exec(message)?.[2];
  return digits === undefined ? undefined : Number(digits);
};

/** `227 Entering Passive Mode (192,168,1,100,10,229)`; the brackets are not everybody's (RFC 1123, 4.1.2.6). */
const addressOfPasv = ({ message }: FTPResponse): { host: string; port: number } | undefined => {
  const found = /(?<![\d,])(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})(?![\d,])/.exec(message.slice(4));
  if (!found) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, high = 0, low = 0] = found.slice(1).map(Number);
  return { host: `${a}.${b}.${c}.${d}`, port: high * 256 + low };
};

const unreadable = (step: Step, message: string): DropFault =>
  faultOf(
    { code: 'refused', next: 'hold', hint: 'the server does not speak FTP properly: ask the partner' },
    step,
    message,
    undefined,
  );

const epsv = async (link: Link, step: Step): Promise<Passive> => {
  const port = portOfEpsv(await link.say(step, 'EPSV'));
  if (port === undefined) throw unreadable(step, 'its answer to EPSV has no port');
  return { port, how: 'EPSV' };
};

/** Only the port counts: an address that is not the server's own is a wrong setting behind NAT, or an attempt to send us elsewhere. */
const pasv = async (link: Link, step: Step): Promise<Passive> => {
  const found = addressOfPasv(await link.say(step, 'PASV'));
  if (!found) throw unreadable(step, 'its answer to PASV has no address');
  const own = link.address.replace(/^::ffff:/i, '');
  return { port: found.port, how: found.host === own ? 'PASV' : `PASV, address ${found.host} ignored` };
};

const dial = async (link: Link, step: Step, port: number): Promise<Socket> => {
  const socket = connect({ host: link.address, port, noDelay: true });
  socket.on('error', () => undefined);
  link.line.accompany(socket);
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
    socket.once('close', () => reject(new Error('the connection ended')));
  });
  const late = () => new Error(`nobody answered for ${link.line.stepTimeout} ms`);
  try {
    await within(connected, link.line.stepTimeout, late);
    return socket;
  } catch (error) {
    socket.destroy();
    if (link.line.lost !== undefined) throw ftpsFault(error, step);
    const reason = `the data connection to port ${port} could not be made: ${ftpsReason(error, step)}`;
    const hint = 'the control connection works; the partner must open the passive ports of the server to us';
    throw faultOf({ code: 'unreachable', next: 'retry', hint }, step, reason, error);
  }
};

const ftpsReason = (error: unknown, step: Step): string => ftpsFault(error, step).reason;

/** A way that the server declines, or that leads nowhere; another one may work. */
const goesOn = (link: Link, error: unknown): boolean =>
  link.line.lost === undefined && error instanceof DropFault && replyOf(error) !== 421;

/** Neither EPSV nor PASV: what the server says to them would be taken for an answer to the step itself. */
const refusedAltogether = (step: Step, failure: unknown): unknown => {
  if (!(failure instanceof DropFault) || failure.code === 'unreachable') return failure;
  const hint = 'data connections are made by us (EPSV, PASV); ask the partner to allow that';
  const reason = `passive data connections are refused: ${failure.reason}`;
  return faultOf({ code: 'refused', next: 'hold', hint }, step, reason, failure);
};

/** EPSV first, which has no address to be wrong; then PASV. The way that worked is taken first from then on. */
const openSocket = async (link: Link, step: Step): Promise<Socket> => {
  const ways = link.learned.passive?.startsWith('PASV') ? [pasv, epsv] : [epsv, pasv];
  let failure: unknown;
  for (const way of ways) {
    try {
      const { port, how } = await way(link, step);
      const socket = await dial(link, step, port);
      link.learned.passive = how;
      return socket;
    } catch (error) {
      if (!goesOn(link, error)) throw error;
      // A port that was given and cannot be reached says more than a command that is not known.
      failure = error instanceof DropFault && error.code === 'unreachable' ? error : (failure ?? error);
    }
  }
  throw refusedAltogether(step, failure);
};

export const openData = async (link: Link, step: Step): Promise<Data> => {
  const raw = await openSocket(link, step);
  const { socket, done } = link.security.begin(raw);
  link.line.accompany(socket);
  return {
    raw,
    socket,
    secured: done.then(() => void (link.learned.session = socket.isSessionReused() ? 'reused' : 'new')),
  };
};

const write = (socket: TLSSocket, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => void socket.write(bytes, (error) => (error ? reject(error) : resolve())));

/** Closes our side: TLS's good-bye first, so that the other side knows that nothing is missing. */
const end = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject).once('close', () => reject(new Error('the connection ended')));
    socket.end((error?: Error | null) => (error ? reject(error) : resolve()));
  });

const blockBytes = 1024 * 1024;

/** Sends a source to its end: one block is read while the one before is encrypted and leaves. */
export const sendAll = async ({ socket }: Data, source: Source, sent: (bytes: number) => void): Promise<void> => {
  const blocks = [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)] as const;
  // What the server sends here (TLS 1.3 tickets) must be read, or closing would be a reset that throws bytes away.
  socket.resume();
  let writing: Promise<void> = Promise.resolve();
  let total = 0;
  for (let turn = 0; ; turn = 1 - turn) {
    const bytes = await source.read(blocks[turn === 0 ? 0 : 1]);
    await writing;
    if (total > 0) sent(total);
    if (bytes.length === 0) break;
    writing = write(socket, bytes);
    writing.catch(() => undefined);
    total += bytes.length;
  }
  await end(socket);
};
