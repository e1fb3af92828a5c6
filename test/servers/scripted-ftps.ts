import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { certificates, type Pair } from './certificates.ts';

/** One command, and what can be answered. */
export interface FtpsAsked {
  verb: string;
  /** What follows the verb. */
  name: string;
  /** Counts the commands of this verb on this connection, from 1. */
  nth: number;
  /** The bytes of the file that is named. */
  held: Buffer | undefined;
  /** What lies in the folder. */
  files: Map<string, Buffer>;
  /** A reply as it is, the line end added. */
  say(reply: string): void;
  /** Sends this over and over. */
  sayWithoutEnd(text: string): void;
  /** Opens the data connection and sends this over and over. */
  sendWithoutEnd(bytes: Buffer): void;
  /** The data connection that the client makes, its TLS done. */
  data(): Promise<TLSSocket>;
  /** Ends the control connection without a word. */
  cut(): void;
}

/** Says what happens in place of the honest answer, which is `honest()`. */
export type FtpsLie = (asked: FtpsAsked, honest: () => void) => void;

export interface FtpsScript {
  /** By verb, in capitals. `CONNECT` is the greeting. */
  lies?: Record<string, FtpsLie>;
  /** What data connections show; by default what the control connection shows. */
  dataCertificate?: Pair;
}

/** An FTPS server (explicit) in memory that is honest where its script says nothing. Any user and password will do. */
export interface ScriptedFtps {
  port: number;
  /** What lies in its folder. */
  files: Map<string, Buffer>;
  /** The verbs that were sent so far, on all connections. */
  verbs: string[];
  close(): Promise<void>;
}

interface Session {
  control: Socket;
  dataCertificate: Pair | undefined;
  passive?: { server: Server; data: Promise<TLSSocket> };
  from?: string;
  counts: Map<string, number>;
}

const features = ['211-Features:', ' SIZE', ' MDTM', ' EPSV', ' UTF8', ' PBSZ', ' PROT', '211 End'].join('\r\n');

const contexts = new Map<string, SecureContext>();

/** One context for each certificate: sessions can be taken up only within it. */
const contextOf = ({ certificate, key, fingerprint }: Pair): SecureContext => {
  const known = contexts.get(fingerprint);
  if (known) return known;
  const made = createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key) });
  contexts.set(fingerprint, made);
  return made;
};

const secure = (socket: Socket, pair = certificates().server): TLSSocket => {
  const secureContext = contextOf(pair);
  const tls = new TLSSocket(socket, { isServer: true, secureContext });
  // Each data connection listens for the end of its control connection.
  tls.setMaxListeners(0);
  tls.on('error', () => undefined);
  return tls;
};

const listen = async (session: Session): Promise<number> => {
  session.passive?.server.close();
  const server = createServer().listen(0, '127.0.0.1');
  const data = new Promise<TLSSocket>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => undefined);
      session.control.once('close', () => socket.destroy());
      const tls = secure(socket, session.dataCertificate);
      const broken = () => void (session.control.writable && session.control.write('426 TLS failed\r\n'));
      if (session.dataCertificate) socket.once('close', broken);
      tls.once('secure', () => {
        socket.off('close', broken);
        resolve(tls);
      });
      server.close();
    });
  });
  session.control.once('close', () => server.close());
  session.passive = { server, data };
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const lineOf = (name: string, bytes: number): string =>
  `-rw-r--r--   1 a        a        ${bytes} Jan  1 00:00 ${name}\r\n`;

const receive = async (asked: FtpsAsked): Promise<Buffer> => {
  asked.say('150 go on');
  const chunks: Buffer[] = [];
  for await (const chunk of (await asked.data()) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const send = async (asked: FtpsAsked, bytes: Buffer): Promise<void> => {
  asked.say('150 here it comes');
  const socket = await asked.data();
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close').catch(() => undefined);
  asked.say('226 done');
};

const missing = (asked: FtpsAsked) => asked.say('550 No such file');

const always: Record<string, string> = {
  CONNECT: '220 ready',
  AUTH: '234 go on',
  USER: '331 password please',
  PASS: '230 welcome',
  PBSZ: '200 PBSZ=0',
  PROT: '200 protected',
  TYPE: '200 binary',
  OPTS: '200 UTF-8',
  NOOP: '200 ok',
  CWD: '250 in there',
  PWD: '257 "/" is the folder',
  QUIT: '221 bye',
  FEAT: features,
};

type Honest = (asked: FtpsAsked, session: Session) => void | Promise<void>;

const honestly: Record<string, Honest> = {
  EPSV: async (asked, session) => asked.say(`229 here (|||${await listen(session)}|)`),
  PASV: async (asked, session) => {
    const port = await listen(session);
    asked.say(`227 here (127,0,0,1,${port >> 8},${port & 255})`);
  },
  SIZE: (asked) => (asked.held ? asked.say(`213 ${asked.held.length}`) : missing(asked)),
  MDTM: (asked) => (asked.held ? asked.say('213 20261121000000') : missing(asked)),
  STOR: async (asked) => {
    asked.files.set(asked.name, await receive(asked));
    asked.say('226 kept');
  },
  RETR: (asked) => (asked.held ? send(asked, asked.held) : missing(asked)),
  LIST: (asked) => {
    const lines = [...asked.files].map(([name, bytes]) => lineOf(name, bytes.length));
    return send(asked, Buffer.from(`drwxr-xr-x   1 a        a        0 Jan  1 00:00 .\r\n${lines.join('')}`));
  },
  DELE: (asked) => (asked.files.delete(asked.name) ? asked.say('250 gone') : missing(asked)),
  RNFR: (asked, session) => {
    if (!asked.held) return missing(asked);
    session.from = asked.name;
    asked.say('350 and to?');
  },
  RNTO: (asked, session) => {
    const from = session.from ?? '';
    asked.files.set(asked.name, asked.files.get(from) ?? Buffer.alloc(0));
    asked.files.delete(from);
    asked.say('250 renamed');
  },
};

const withoutEnd = (socket: Socket, text: string | Buffer): void => {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else if (socket.writableLength < 1_000_000) socket.write(text);
  }, 2);
};

const answer = (session: Session, script: FtpsScript, files: Map<string, Buffer>, command: string): void => {
  const [verb = '', ...rest] = command.split(' ');
  const name = rest.join(' ').replace(/^\.\//, '');
  const nth = (session.counts.get(verb) ?? 0) + 1;
  session.counts.set(verb, nth);
  const { control } = session;
  const asked: FtpsAsked = {
    verb,
    name,
    nth,
    held: files.get(name),
    files,
    say: (reply) => void (session.control.writable && session.control.write(`${reply}\r\n`)),
    sayWithoutEnd: (text) => withoutEnd(session.control, text),
    sendWithoutEnd: (bytes) => {
      session.control.write('150 here it comes\r\n');
      void session.passive?.data.then((socket) => withoutEnd(socket.resume(), bytes));
    },
    data: () => session.passive?.data ?? Promise.reject(new Error('no data connection')),
    cut: () => control.destroy(),
  };
  const honest = () => {
    const fixed = always[verb];
    if (fixed !== undefined) asked.say(fixed);
    else if (!honestly[verb]) asked.say('502 unknown');
    else void Promise.resolve(honestly[verb](asked, session)).catch(() => undefined);
  };
  const lie = script.lies?.[verb];
  if (lie) lie(asked, honest);
  else honest();
};

const converse = (socket: Socket, script: FtpsScript, files: Map<string, Buffer>, verbs: string[]): void => {
  const session: Session = { control: socket, dataCertificate: script.dataCertificate, counts: new Map() };
  const hear = (from: Socket) => {
    let rest = '';
    from.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        // Bytes of TLS on a line that is still in the open may hold a line end; they are no command.
        if (!/^[A-Z]{3,4}( |$)/.test(line)) continue;
        verbs.push(line.split(' ')[0] ?? '');
        answer(session, script, files, line);
        if (!line.startsWith('AUTH') || session.control !== socket || !secured(script)) continue;
        from.removeAllListeners('data');
        session.control = secure(socket);
        hear(session.control);
      }
    });
  };
  hear(socket);
  answer(session, script, files, 'CONNECT');
};

/** A script that lies to AUTH does not go on to TLS. */
const secured = (script: FtpsScript): boolean => script.lies?.['AUTH'] === undefined;

export const startScriptedFtps = async (script: FtpsScript = {}): Promise<ScriptedFtps> => {
  const files = new Map<string, Buffer>();
  const verbs: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    converse(socket, script, files, verbs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    files,
    verbs,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
