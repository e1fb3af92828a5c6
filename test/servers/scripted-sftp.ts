import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { basename } from 'node:path/posix';
import ssh2, { type Attributes, type AuthContext, type SFTPWrapper } from 'ssh2';
import { readHostKey } from '../../src/drop/sftp/host-key.ts';
import { sshKeyPair } from '../ssh-keys.ts';

/** What a client can ask for. `look` is STAT, LSTAT or FSTAT of a file; the folder itself is always there. */
export type SftpRequest = 'open' | 'write' | 'close' | 'look' | 'rename' | 'remove' | 'list' | 'read';

/** One request, and what can be answered. */
export interface SftpAsked {
  id: number;
  name: string;
  /** The new name of a rename. */
  to: string;
  /** Counts the requests of this kind on this connection, from 1. */
  nth: number;
  /** The file's bytes as they lie there. */
  held: Buffer | undefined;
  /** The bytes of a write. */
  data: Buffer;
  /** Where a write or a read begins, and how much a read wants. */
  offset: number;
  length: number;
  /** What an open is for. */
  writing: boolean;
  /** How often this list was asked for before. */
  page: number;
  /** What lies in the folder. */
  files: Map<string, Buffer>;
  /** SSH_FX_… with the server's words. */
  status(code: number, words?: string): void;
  handle(): void;
  bytes(some: Buffer): void;
  /** Answers a look with these attributes; what is left out is not sent. */
  attributes(some: Partial<Attributes>): void;
  /** Answers a listing with these names, of a byte each. */
  names(list: string[]): void;
  /** Sends bytes in place of an SFTP packet. */
  raw(bytes: Buffer): void;
  /** Ends the connection without a word. */
  cut(): void;
}

/** Says what happens in place of the honest answer, which is `honest()`. */
export type SftpLie = (asked: SftpAsked, honest: () => void) => void;

export interface SftpScript {
  lies?: Partial<Record<SftpRequest, SftpLie>>;
  /** What it makes of every name it is given. */
  fold?: (name: string) => string;
  /** Judges the sign-in; by default any will do. */
  signIn?: (context: AuthContext, nth: number) => void;
}

/** An SFTP server in memory that is honest where its script says nothing. It offers no extensions. */
export interface ScriptedSftp {
  port: number;
  fingerprint: string;
  /** What lies in its folder. */
  files: Map<string, Buffer>;
  /** Requests of this kind so far, on all connections. */
  asked(kind: SftpRequest): number;
  close(): Promise<void>;
}

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

const attributesOf = (mode: number, size: number): Attributes => {
  const now = Math.floor(Date.now() / 1000);
  return { mode, uid: 0, gid: 0, size, atime: now, mtime: now };
};

const written = (file: Buffer, data: Buffer, offset: number): Buffer => {
  const whole = Buffer.alloc(Math.max(file.length, offset + data.length));
  file.copy(whole);
  data.copy(whole, offset);
  return whole;
};

/** Names in one answer: a packet must stay under 256 KB. */
const pageLength = 500;

const done = (asked: SftpAsked) => asked.status(STATUS_CODE.OK);
const missing = (asked: SftpAsked) => asked.status(STATUS_CODE.NO_SUCH_FILE, 'No such file');

const honestly: Record<SftpRequest, (asked: SftpAsked) => void> = {
  open: (asked) => {
    if (!asked.writing && !asked.held) return missing(asked);
    if (asked.writing) asked.files.set(asked.name, Buffer.alloc(0));
    asked.handle();
  },
  write: (asked) => {
    asked.files.set(asked.name, written(asked.held ?? Buffer.alloc(0), asked.data, asked.offset));
    done(asked);
  },
  close: done,
  look: (asked) => (asked.held ? asked.attributes(attributesOf(0o100644, asked.held.length)) : missing(asked)),
  rename: (asked) => {
    if (!asked.held) return missing(asked);
    if (asked.files.has(asked.to)) return asked.status(STATUS_CODE.FAILURE, 'Failure');
    asked.files.set(asked.to, asked.held);
    asked.files.delete(asked.name);
    done(asked);
  },
  remove: (asked) => (asked.files.delete(asked.name) ? done(asked) : missing(asked)),
  list: (asked) => {
    const names = [...asked.files.keys()].slice(asked.page * pageLength, (asked.page + 1) * pageLength);
    if (names.length > 0) asked.names(names);
    else asked.status(STATUS_CODE.EOF);
  },
  read: (asked) => {
    const part = asked.held?.subarray(asked.offset, asked.offset + asked.length) ?? Buffer.alloc(0);
    if (part.length > 0) asked.bytes(part);
    else asked.status(STATUS_CODE.EOF);
  },
};

/** ssh2's way to send bytes that are no packet. */
const inside = (sftp: SFTPWrapper) =>
  sftp as unknown as { _protocol: { channelData(id: number, bytes: Buffer): void }; outgoing: { id: number } };

const entryOf = (filename: string) => ({
  filename,
  longname: `-rw-r--r-- 1 a a 1 Jan 1 ${filename}`,
  attrs: attributesOf(0o100644, 1),
});

type Answers = Pick<SftpAsked, 'status' | 'handle' | 'bytes' | 'attributes' | 'names' | 'raw' | 'cut'>;

const answersTo = (sftp: SFTPWrapper, socket: Socket, id: number, handle: () => Buffer): Answers => ({
  status: (code, words) => sftp.status(id, code, words ?? ''),
  handle: () => sftp.handle(id, handle()),
  bytes: (some) => sftp.data(id, some),
  attributes: (some) => sftp.attrs(id, some as Attributes),
  names: (list) => sftp.name(id, list.map(entryOf)),
  raw: (bytes) => inside(sftp)._protocol.channelData(inside(sftp).outgoing.id, bytes),
  cut: () => socket.destroy(),
});

type Details = Partial<Pick<SftpAsked, 'to' | 'data' | 'offset' | 'length' | 'writing' | 'page'>>;

/** One SFTP channel. */
const serve = (
  sftp: SFTPWrapper,
  socket: Socket,
  script: SftpScript,
  files: Map<string, Buffer>,
  count: (kind: SftpRequest) => void,
): void => {
  const handles: string[] = [];
  const pages = new Map<number, number>();
  const numbers = new Map<SftpRequest, number>();
  const fold = script.fold ?? ((name: string) => name);
  const open = (name: string): Buffer => Buffer.from([handles.push(name) - 1]);
  const nameOf = (handle: Buffer): string => handles[handle[0] ?? 0] ?? '';

  const on = (kind: SftpRequest, id: number, path: string, details: Details = {}) => {
    const name = fold(basename(path));
    const nth = (numbers.get(kind) ?? 0) + 1;
    numbers.set(kind, nth);
    count(kind);
    const nothing = { data: Buffer.alloc(0), offset: 0, length: 0, writing: false, page: 0 };
    const answers = answersTo(sftp, socket, id, () => open(name));
    const to = fold(basename(details.to ?? ''));
    const asked: SftpAsked = { id, name, nth, held: files.get(name), files, ...nothing, ...details, to, ...answers };
    const honest = () => honestly[kind](asked);
    const lie = script.lies?.[kind];
    if (lie) lie(asked, honest);
    else honest();
  };
  const look = (id: number, path: string) =>
    basename(path) === 'in' ? sftp.attrs(id, attributesOf(0o40755, 0)) : on('look', id, path);

  sftp.on('OPEN', (id, path, flags) => on('open', id, path, { writing: (flags & OPEN_MODE.WRITE) !== 0 }));
  sftp.on('WRITE', (id, handle, offset, data) => on('write', id, nameOf(handle), { offset, data }));
  sftp.on('READ', (id, handle, offset, length) => on('read', id, nameOf(handle), { offset, length }));
  sftp.on('CLOSE', (id, handle) => on('close', id, nameOf(handle)));
  sftp.on('STAT', look);
  sftp.on('LSTAT', look);
  sftp.on('FSTAT', (id, handle) => look(id, nameOf(handle)));
  sftp.on('REMOVE', (id, path) => on('remove', id, path));
  sftp.on('RENAME', (id, from, to) => on('rename', id, from, { to }));
  sftp.on('OPENDIR', (id) => sftp.handle(id, open('')));
  sftp.on('READDIR', (id, handle) => {
    const number = handle[0] ?? 0;
    const page = pages.get(number) ?? 0;
    pages.set(number, page + 1);
    on('list', id, '', { page });
  });
};

export const startScriptedSftp = async (script: SftpScript = {}): Promise<ScriptedSftp> => {
  const hostKey = sshKeyPair();
  const publicKey = ssh2.utils.parseKey(hostKey.public);
  if (publicKey instanceof Error) throw publicKey;
  const files = new Map<string, Buffer>();
  const counts = new Map<SftpRequest, number>();
  const count = (kind: SftpRequest) => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sockets = new Map<number, Socket>();
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (client, { port }) => {
    const socket = sockets.get(port);
    if (!socket) return;
    let signIns = 0;
    client.on('error', () => undefined);
    client.on('authentication', (context) => (script.signIn ? script.signIn(context, ++signIns) : context.accept()));
    client.on('ready', () =>
      client.on('session', (accept) => accept().on('sftp', (start) => serve(start(), socket, script, files, count))),
    );
  });
  // A listener of our own, because ssh2's keeps the sockets to itself, and a script may cut them.
  const listener = createServer({ noDelay: true }, (socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.once('close', () => sockets.delete(port));
    ssh.injectSocket(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    fingerprint: readHostKey(publicKey.getPublicSSH()).fingerprint,
    files,
    asked: (kind) => counts.get(kind) ?? 0,
    close: async () => {
      for (const socket of sockets.values()) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
};
