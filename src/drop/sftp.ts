import { createSecretKey } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import Client from 'ssh2-sftp-client';
import type { AuthHandlerMiddleware, Client as SshClient, ConnectConfig, NextAuthHandler, SFTPWrapper } from 'ssh2';
import { DropFault, type Drop, type Learned, type SftpSpec } from './drop.ts';
import { within } from './deadline.ts';
import type { Step } from './fault-table.ts';
import { isPinned, keyFamilies, readHostKey, type ShownKey } from './host-key.ts';
import { Line } from './line.ts';
import { makeSftpDrop } from './sftp-drop.ts';
import { sftpFault } from './sftp-faults.ts';
import { makeLink, type Link } from './sftp-link.ts';

/** Where an SFTP server is. */
export type SftpHost = Pick<SftpSpec, 'name' | 'host' | 'port' | 'stepTimeout'>;

/** A server, and what ends our connection to it from outside. */
type Target = SftpHost & { signal?: AbortSignal | undefined };

/** Longest wait for a polite good-bye, in milliseconds. */
const farewell = 2_000;

const stepAt = (host: SftpHost, operation: string): Step => ({
  operation,
  object: `${host.name} (${host.host}:${host.port})`,
  inFolder: false,
});

/** ssh2's part of the connection, which ssh2-sftp-client keeps to itself. */
const innerOf = (client: Client): SshClient => (client as unknown as { client: SshClient }).client;

/** A key, a password, and the password once more where a server asks for it as a question; each at most once. */
const signInWith = (spec: SftpSpec): AuthHandlerMiddleware => {
  const tried = new Set<string>();
  const password = spec.password?.reveal();
  return (left: string[] | null, _partial: boolean, next: NextAuthHandler) => {
    const may = (type: string) => !tried.has(type) && (left === null || left.includes(type)) && tried.add(type);
    if (spec.key && may('publickey')) return next('publickey');
    if (password === undefined) return next(false as never);
    if (may('password')) return next('password');
    // Only where "password" is not offered: a wrong password must not count twice against us.
    if (!left?.includes('keyboard-interactive') || left.includes('password') || !may('keyboard-interactive'))
      return next(false as never);
    return next({
      type: 'keyboard-interactive',
      username: spec.user,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    });
  };
};

const credentials = (spec: SftpSpec): ConnectConfig => ({
  username: spec.user,
  ...(spec.password && { password: spec.password.reveal() }),
  ...(spec.key && { privateKey: spec.key.reveal() }),
  ...(spec.passphrase && { passphrase: spec.passphrase.reveal() }),
  authHandler: signInWith(spec),
});

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
}

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
  inner.on('error', (error: unknown) => line.end(error));
  inner.on('change password', () => line.end(new Error('the password has expired')));
  const stages = { agreed: event(inner, 'handshake'), signedIn: event(inner, 'ready') };
  const hostVerifier = (key: Buffer) => accept(readHostKey(key));
  const opened = client.connect({ ...config, sock: line.socket, hostVerifier, readyTimeout: 0 });
  // Before ssh2 reads an answer, because reading it makes room to send more.
  line.socket.prependListener('data', () => line.gather());
  inner.on('handshake', () => keepKey(inner));
  // Also fails when the line ends; that is reported by the stage that waits.
  opened.catch((error: unknown) => line.end(error));
  await line.wait(stepAt(host, 'get a greeting from'), event(line.socket, 'data'));
  await line.wait(stepAt(host, 'agree on keys with'), stages.agreed);
  await line.wait(stepAt(host, 'sign in to'), stages.signedIn);
  const sftp = await line.wait(stepAt(host, 'open SFTP at'), opened);
  return { client, line, sftp };
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
    hint: 'no credentials were sent. Ask the partner whether the key has changed; if so, put the new one into "hostKeys"',
    next: 'hold',
    code: 'host-key',
  });
};

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

/**
 * Signs in and finds the folder. Faults: `unreachable`, `timeout`, `cut`, `host-key`, `sign-in`, `folder`, `denied`,
 * `refused`. When `signal` fires the connection ends (`cut`).
 */
export const openSftp = async (spec: SftpSpec, signal?: AbortSignal, known: Readonly<Learned> = {}): Promise<Drop> => {
  const found = await tryKeys({ ...spec, signal }, credentials(spec), (key) => isPinned(key, spec.hostKeys));
  if (Array.isArray(found)) throw hostKeyFault(spec, found);
  const close = makeClose(found);
  try {
    const link: Link = makeLink(found.line, found.sftp);
    return await makeSftpDrop(spec, link, close, { ...known });
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
