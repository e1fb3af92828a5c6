import { createSecretKey } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import Client from 'ssh2-sftp-client';
import type { Client as SshClient, ConnectConfig, SFTPWrapper } from 'ssh2';
import { DropFault, type Drop, type Learned, type SftpSpec } from '../drop.ts';
import { within } from '../deadline.ts';
import type { Step } from '../fault-table.ts';
import { isPinned, keyFamilies, readHostKey, type ShownKey } from './host-key.ts';
import { Line } from '../line.ts';
import { makeSftpDrop } from './moves.ts';
import { sftpFault } from './faults.ts';
import { makeGreeting } from './greeting.ts';
import { makeLink, type Link } from './link.ts';
import { credentials, type Listener } from './sign-in.ts';

/** Where an SFTP server is. */
export type SftpHost = Pick<SftpSpec, 'name' | 'host' | 'port' | 'stepTimeout'>;

/** A server, and what ends our connection to it from outside. */
type Target = SftpHost & { signal?: AbortSignal | undefined; signedIn?: (() => void) | undefined };

/** Longest wait for a polite good-bye, in milliseconds. */
const farewell = 2_000;

const stepAt = (host: SftpHost, operation: string): Step => ({
  operation,
  object: `${host.name} (${host.host}:${host.port})`,
  inFolder: false,
});

/** ssh2's part of the connection, which ssh2-sftp-client keeps to itself. */
const innerOf = (client: Client): SshClient => (client as unknown as { client: SshClient }).client;

const dial = async (host: Target): Promise<Line> => {
  // Without noDelay each small request waits for the server's delayed acknowledgement.
  const socket: Socket = connect({ host: host.host, port: host.port, noDelay: true });
  const line = new Line(socket, host.stepTimeout, sftpFault);
  const end = () => line.end(new Error('the connection ended', { cause: new Error('told to stop') }));
  if (host.signal?.aborted) end();
  host.signal?.addEventListener('abort', end, { once: true });
  socket.once('close', () => host.signal?.removeEventListener('abort', end));
  await line.wait(stepAt(host, 'connect to'), event(socket, 'connect'));
  return line;
};

/**
 * ssh2 makes a new AES-GCM cipher for each packet, and Node prepares a raw key anew each time: 40 µs per packet, more
 * than its encryption. A KeyObject is prepared once. Where ssh2's insides look different, nothing is changed.
 */
const keepKey = (inner: SshClient): void => {
  const cipher = (inner as unknown as { _protocol?: { _cipher?: { _encKey?: unknown } } })._protocol?._cipher;
  if (cipher && Buffer.isBuffer(cipher._encKey)) cipher._encKey = createSecretKey(cipher._encKey);
};

interface Attempt {
  client: Client;
  line: Line;
  sftp: SFTPWrapper;
  /** What the server calls itself, as in `SSH-2.0-OpenSSH_9.6`. */
  software: string | undefined;
}

/** RFC 4253, 11.1: why a server disconnects. */
const tooManyConnections = 12;

/** The end of a connection as ssh2 tells it, with the words for a reason that is only a number. */
const asEnd = (error: unknown): unknown => {
  const { code, message } = Object(error) as { code?: unknown; message?: string };
  return code === tooManyConnections ? new Error(`too many connections: ${message}`, { cause: error }) : error;
};

/** When `from` says `name`; that the line may end before is the business of whoever waits. */
const event = (from: EventEmitter, name: string): Promise<void> =>
  new Promise((resolve) => void from.once(name, () => resolve()));

/**
 * One connection up to the open SFTP channel. Each stage has its own deadline. `accept` judges the host key; when it
 * says no, the key exchange ends there, before any user name or credential is sent.
 */
const attempt = async (host: Target, config: ConnectConfig, accept: (key: ShownKey) => boolean): Promise<Attempt> => {
  const line = await dial(host);
  const quiet = () => undefined;
  const client = new Client(host.name, { error: quiet, end: quiet, close: quiet });
  const inner = innerOf(client);
  // Stays for good: ssh2 raises late socket errors, and one that nobody listens to ends the process.
  inner.on('error', (error: unknown) => line.end(asEnd(error)));
  inner.on('change password', () => line.end(new Error('the password has expired')));
  const stages = { agreed: event(inner, 'handshake'), signedIn: event(inner, 'ready') };
  const hostVerifier = (key: Buffer) => accept(readHostKey(key));
  const opened = client.connect({ ...config, sock: line.socket, hostVerifier, readyTimeout: 0 });
  const greeting = makeGreeting();
  line.socket.prependListener('data', (bytes: Buffer) => {
    greeting.hear(bytes);
    // Before ssh2 reads an answer, because reading it makes room to send more.
    line.gather();
  });
  inner.on('handshake', () => keepKey(inner));
  // Its failure ends the line, and the stage that waits reports it: before SFTP is open a number is no status of SFTP.
  const sftpOpened = new Promise<SFTPWrapper>(
    (resolve) => void opened.then(resolve, (error) => line.end(asEnd(error))),
  );
  await line.wait(stepAt(host, 'get a greeting from'), event(line.socket, 'data'));
  await line.wait(stepAt(host, 'agree on keys with'), stages.agreed).catch((error: unknown) => {
    throw greeting.explain(error, stepAt(host, 'connect to'));
  });
  await line.wait(stepAt(host, 'sign in to'), stages.signedIn);
  host.signedIn?.();
  const sftp = await line.wait(stepAt(host, 'open SFTP at'), sftpOpened);
  return { client, line, sftp, software: greeting.software() };
};

/** The connection made with the first kind of host key that `accept` takes; otherwise all the keys that were shown. */
const tryKeys = async (
  host: Target,
  config: ConnectConfig,
  accept: (key: ShownKey) => boolean,
): Promise<Attempt | ShownKey[]> => {
  const shown: ShownKey[] = [];
  const judge = (key: ShownKey): boolean => {
    const accepted = accept(key);
    if (!accepted) shown.push(key);
    return accepted;
  };
  // First whatever the server and we prefer. A key that is not pinned may have a sister of another kind that is.
  for (const family of [undefined, ...keyFamilies]) {
    const seen = shown.length;
    if (
      family?.some((type) =>
        shown.some((key) => key.type === type || (key.type === 'ssh-rsa' && type.startsWith('rsa'))),
      )
    )
      continue;
    const algorithms = family && { serverHostKey: [...family] };
    try {
      return await attempt(host, { ...config, ...(algorithms && { algorithms }) }, judge);
    } catch (error) {
      const refusedKey = shown.length > seen;
      const noSuchKind = seen > 0 && error instanceof DropFault && /no matching host key/i.test(error.reason);
      if (!refusedKey && !noSuchKind) throw error;
    }
  }
  return shown;
};

const hostKeyFault = (spec: SftpSpec, shown: ShownKey[]): DropFault => {
  const keys = shown.map((key) => `${key.fingerprint} (${key.type})`).join(', ');
  return new DropFault({
    ...stepAt(spec, 'trust'),
    reason: `it shows the host key ${keys}; pinned: ${spec.hostKeys.join(', ') || 'none'}`,
    hint:
      'no credentials were sent. Ask the partner whether the key has changed; if so: ' +
      `nightdrop drops trust ${spec.name} SHA256:…, or put it into "hostKeys"`,
    next: 'hold',
    code: 'host-key',
  });
};

/** A signed-in connection with SFTP open, and how to end it. */
export interface Connected {
  link: Link;
  software: string | undefined;
  /** Never throws; may be called twice. */
  close(): Promise<void>;
}

/** Ends the connection politely, and in any case. */
const makeClose = ({ client, line }: Attempt): (() => Promise<void>) => {
  const close = async (): Promise<void> => {
    if (line.lost === undefined) {
      const bye = client.end();
      await within(bye, Math.min(farewell, line.stepTimeout), () => new Error('late')).catch(() => undefined);
    }
    line.end(new Error('the connection is closed'));
  };
  let closing: Promise<void> | undefined;
  return () => (closing ??= close());
};

/** Signs in and opens SFTP. Faults: those of `openSftp` but for what concerns the folder. */
export const connectSftp = async (spec: SftpSpec, signal?: AbortSignal, listener?: Listener): Promise<Connected> => {
  const target = { ...spec, signal, signedIn: listener?.signedIn };
  const found = await tryKeys(target, credentials(spec, listener), (key) => isPinned(key, spec.hostKeys));
  if (Array.isArray(found)) throw hostKeyFault(spec, found);
  return { link: makeLink(found.line, found.sftp), software: found.software, close: makeClose(found) };
};

/**
 * Signs in and finds the folder. Faults: `unreachable`, `timeout`, `cut`, `host-key`, `sign-in`, `folder`, `denied`,
 * `refused`. When `signal` fires the connection ends (`cut`).
 */
export const openSftp = async (spec: SftpSpec, signal?: AbortSignal, known: Readonly<Learned> = {}): Promise<Drop> => {
  const { link, software, close } = await connectSftp(spec, signal);
  try {
    return await makeSftpDrop(spec, link, close, { ...known, ...(software !== undefined && { software }) });
  } catch (error) {
    await close();
    throw sftpFault(error, stepAt(spec, 'open'));
  }
};

/** The host keys a server shows, one of each kind, without signing in: what a person compares before pinning them. */
export const hostKeysOf = async (host: SftpHost): Promise<ShownKey[]> => {
  const found = await tryKeys(host, { username: 'nobody' }, () => false);
  return Array.isArray(found) ? found : [];
};
