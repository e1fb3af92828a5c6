import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { FTPContext, parseList, type FTPResponse } from 'basic-ftp';
import { within } from './deadline.ts';
import type { Drop, FtpsSpec, Learned } from './drop.ts';
import { faultOf, type Meaning, type Step } from './fault-table.ts';
import { makeFtpsDrop } from './ftps-drop.ts';
import { ftpsFault, replyOf, saidBy } from './ftps-faults.ts';
import { Link } from './ftps-link.ts';
import { folderOf, onFolder, partialFolderOf } from './ftps-place.ts';
import { makeSecurity, readCertificate, type Security, type ShownCertificate } from './ftps-tls.ts';
import { Line } from './line.ts';
import type { MovingDrop } from './put.ts';

/** Where an FTPS server is, and what it must show. */
export type FtpsHost = Pick<
  FtpsSpec,
  'name' | 'host' | 'port' | 'mode' | 'stepTimeout' | 'ca' | 'certificates' | 'tls'
>;

/** Longest wait for a polite good-bye, in milliseconds. */
const farewell = 2_000;

/** Between two signs of life that TCP sends on a control connection that is idle, in milliseconds. */
const keepAlive = 20_000;

const stepAt = (host: FtpsHost, operation: string): Step => ({
  operation,
  object: `${host.name} (${host.host}:${host.port})`,
  inFolder: false,
});

const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A line break in a value would be a command of its own; such a value is refused before anybody is called. */
const refuseControls = (spec: FtpsSpec): void => {
  const wrong = (meaning: Omit<Meaning, 'next' | 'reason'>, what: string) =>
    faultOf(
      { ...meaning, next: 'hold', reason: `${what} contains a control character` },
      stepAt(spec, 'sign in to'),
      '',
      undefined,
    );
  const signIn = { code: 'sign-in', hint: 'correct it; a command of FTP is one line' } as const;
  if (control.test(spec.user)) throw wrong(signIn, 'the user');
  if (control.test(spec.password.reveal())) throw wrong(signIn, 'the password');
  if (control.test(spec.folder + (spec.partialFolder ?? ''))) throw wrong({ ...signIn, code: 'folder' }, 'the folder');
};

/** A connection while it is being made. */
interface Call {
  host: FtpsHost;
  line: Line;
  ftp: FTPContext;
}

const dial = async (host: FtpsHost, signal: AbortSignal | undefined): Promise<Line> => {
  const socket = connect({ host: host.host, port: host.port, noDelay: true });
  const line = new Line(socket, host.stepTimeout, ftpsFault);
  const end = () => line.end(new Error('the connection ended', { cause: new Error('told to stop') }));
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  line.onEnd(() => signal?.removeEventListener('abort', end));
  const connected = new Promise<void>((resolve) => void socket.once('connect', resolve));
  await line.wait(stepAt(host, 'connect to'), connected);
  return line;
};

/**
 * From now on FTP is spoken over the line as it is now. basic-ftp takes away what listens to the socket before; an error
 * that nobody listens to would end the process.
 */
const speakOver = ({ line, ftp }: Call): void => {
  const before = ftp.socket;
  line.socket.on('end', () => line.end(new Error('the connection ended')));
  ftp.socket = line.socket;
  ftp.socket.setKeepAlive(true, keepAlive);
  before.on('error', () => undefined);
};

/** TLS over the line as it is; the certificate has been judged when this is done. */
const secure = async ({ host, line }: Call, security: Security): Promise<void> => {
  const { socket, done } = security.begin(line.socket);
  line.watch(socket);
  await line.wait(stepAt(host, 'agree on TLS with'), done);
};

/** 220; a server that says "ready in n minutes" (120) first is waited for. */
const greet = ({ host, line, ftp }: Call): Promise<FTPResponse> => {
  const greeting = ftp.handle(undefined, (reply, task) => {
    if (reply instanceof Error) task.reject(reply);
    else if (reply.code >= 200) task.resolve(reply);
  }) as Promise<FTPResponse>;
  return line.wait(stepAt(host, 'get a greeting from'), greeting);
};

const startTls = async (call: Call, security: Security): Promise<void> => {
  const step = stepAt(call.host, 'secure');
  await call.line.wait(step, call.ftp.request('AUTH TLS'));
  await secure(call, security);
  speakOver(call);
};

/** A connection with TLS, greeted, its certificate judged; nobody has signed in. */
const callUp = async (
  host: FtpsHost,
  security: Security,
  signal?: AbortSignal,
): Promise<Call & { greeting: string }> => {
  const line = await dial(host, signal);
  const call: Call = { host, line, ftp: new FTPContext(0) };
  try {
    if (host.mode === 'implicit') await secure(call, security);
    speakOver(call);
    const { message } = await greet(call);
    if (host.mode === 'explicit') await startTls(call, security);
    return { ...call, greeting: saidBy(message) };
  } catch (error) {
    line.end(error);
    throw error;
  }
};

const askIfOffered = (link: Link, step: Step, feature: string, command: string): Promise<unknown> =>
  link.features.has(feature) ? link.ask(step, command).catch(unlessRefused) : Promise.resolve();

const unlessRefused = (error: unknown): undefined => {
  if (replyOf(error) !== undefined && replyOf(error) !== 421) return undefined;
  throw error;
};

const signIn = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const step = stepAt(spec, 'sign in to');
  let { code } = await link.ask(step, 'USER', spec.user);
  if (code === 331) ({ code } = await link.ask(step, 'PASS', spec.password.reveal()));
  if (code < 300) return;
  const hint = 'an account is asked for beside user and password; that is not offered here. Ask the partner';
  throw faultOf({ code: 'sign-in', next: 'hold', hint }, step, `the server answers with ${code}`, undefined);
};

/** ` MLST size*;modify*;` and the like, one a line (RFC 2389). */
const featuresIn = (message: string): Set<string> => {
  const lines = message.split('\n').slice(1, -1);
  return new Set(lines.map((line) => (/^\s*(\S+)/.exec(line)?.[1] ?? '').toUpperCase()));
};

/** Bytes as they are, data connections protected, names in UTF-8. */
const setUp = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const step = stepAt(spec, 'set up');
  const features = await link.ask(step, 'FEAT').catch(unlessRefused);
  link.features = featuresIn(features?.message ?? '');
  await askIfOffered(link, step, 'UTF8', 'OPTS UTF8 ON');
  const protect = stepAt(spec, 'protect the data connections of');
  await link.ask(protect, 'PBSZ', '0');
  await link.ask(protect, 'PROT', 'P');
  await link.ask(step, 'TYPE', 'I');
};

/** `257 "/a ""quoted"" name" is the folder` (RFC 959, appendix II). */
const homeIn = (message: string): string => /"((?:[^"]|"")*)"/.exec(message)?.[1]?.replaceAll('""', '"') ?? '/';

/** Into the drop's folder, after a look whether the one for files in flight is there. */
const enter = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const [folder, apart] = [folderOf(spec), partialFolderOf(spec)];
  if (apart !== folder) {
    link.home = homeIn((await link.ask(onFolder(spec, 'look for'), 'PWD')).message);
    await link.ask(onFolder(spec, 'open', apart), 'CWD', apart);
    await link.ask(onFolder(spec, 'open'), 'CWD', link.home);
  }
  if (folder !== '.') await link.ask(onFolder(spec, 'open'), 'CWD', folder);
};

/** Signed in and set up, not yet in the folder. Faults: those of `openFtps` but for what concerns the folder. */
export const connectFtps = async (spec: FtpsSpec, learned: Learned, signal?: AbortSignal): Promise<Link> => {
  refuseControls(spec);
  const security = makeSecurity(spec);
  const { line, ftp, greeting } = await callUp(spec, security, signal);
  const link = new Link(line, ftp, security, learned, parseList);
  try {
    if (greeting !== '') learned.software = greeting;
    const version = (line.socket as TLSSocket).getProtocol();
    if (version === 'TLSv1.2' || version === 'TLSv1.3') learned.tls = version;
    await signIn(link, spec);
    await setUp(link, spec);
    return link;
  } catch (error) {
    line.end(error);
    throw error;
  }
};

/** Ends the connection politely, and in any case. */
const close = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const { line } = link;
  if (line.lost === undefined) {
    const bye = link.ask(stepAt(spec, 'leave'), 'QUIT');
    await within(bye, Math.min(farewell, line.stepTimeout), () => new Error('late')).catch(() => undefined);
  }
  line.end(new Error('the connection is closed'));
};

/** The drop behind a connection that has signed in. Faults are about the folder; the connection then ends. */
export const enterFtps = async (spec: FtpsSpec, signedIn: Link, signal?: AbortSignal): Promise<MovingDrop> => {
  const entered = async (link: Link): Promise<Link> => {
    await enter(link, spec).catch((error: unknown) => {
      link.line.end(error);
      throw error;
    });
    return link;
  };
  const again = async () => entered(await connectFtps(spec, signedIn.learned, signal));
  return makeFtpsDrop(spec, await entered(signedIn), again, (link) => close(link, spec));
};

/**
 * Signs in over FTP with TLS and finds the folder. Faults: `unreachable`, `timeout`, `cut`, `certificate`, `tls`, `busy`,
 * `sign-in`, `folder`, `denied`, `refused`. When `signal` fires the connection ends (`cut`).
 */
export const openFtps = async (spec: FtpsSpec, signal?: AbortSignal, known: Readonly<Learned> = {}): Promise<Drop> =>
  enterFtps(spec, await connectFtps(spec, { ...known }, signal), signal);

/** The certificate a server shows, without signing in: what a person compares before pinning it. */
export const certificateOf = async (host: FtpsHost): Promise<ShownCertificate> => {
  let shown: ShownCertificate | undefined;
  const note = (socket: TLSSocket) => {
    shown = readCertificate(socket, host.host);
    return undefined;
  };
  const { line } = await callUp(host, makeSecurity(host, note));
  line.end(new Error('the connection is closed'));
  if (!shown) throw new Error('a handshake without a certificate');
  return shown;
};
