import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { FTPContext, parseList, type FTPResponse } from 'basic-ftp';
import { within } from '../deadline.ts';
import type { Drop, FtpsSpec, Learned } from '../drop.ts';
import { makeFtpsDrop } from './moves.ts';
import { ftpsFault, isPlainAnswer, replyOf, saidBy, silentGreeting } from './faults.ts';
import { Link } from './link.ts';
import { enter, onServer, refuseControls, setUp, signIn } from './session.ts';
import { makeSecurity, readCertificate, type Security, type ShownCertificate } from './tls.ts';
import { Line } from '../line.ts';
import type { MovingDrop } from '../put.ts';

/** Where an FTPS server is, and what it must show. */
export type FtpsHost = Pick<
  FtpsSpec,
  'name' | 'host' | 'port' | 'mode' | 'stepTimeout' | 'ca' | 'certificates' | 'tls'
>;

/** Longest wait for a polite good-bye, in milliseconds. */
const farewell = 2_000;

/** Between two signs of life that TCP sends on a control connection that is idle, in milliseconds. */
const keepAlive = 20_000;

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
  await line.wait(onServer(host, 'connect to'), connected);
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
  await line.wait(onServer(host, 'agree on TLS with'), done);
};

/** 220; a server that says "ready in n minutes" (120) first is waited for. */
const greet = ({ host, line, ftp }: Call): Promise<FTPResponse> => {
  const greeting = ftp.handle(undefined, (reply, task) => {
    if (reply instanceof Error) task.reject(reply);
    else if (reply.code >= 200) task.resolve(reply);
  }) as Promise<FTPResponse>;
  return line.wait(onServer(host, 'get a greeting from'), greeting).catch((error: unknown) => {
    throw host.mode === 'explicit' ? silentGreeting(error) : error;
  });
};

const startTls = async (call: Call, security: Security): Promise<void> => {
  const step = onServer(call.host, 'secure');
  await call.line.wait(step, call.ftp.request('AUTH TLS'));
  await secure(call, security);
  speakOver(call);
};

const begin = async (host: FtpsHost, signal: AbortSignal | undefined): Promise<Call> => ({
  host,
  line: await dial(host, signal),
  ftp: new FTPContext(0),
});

/**
 * A server that answers in the open where TLS was to begin: it may be one with AUTH TLS, or one that has too many
 * sessions and says so before TLS. What it says is heard on a connection of its own.
 */
const explainPlain = async (host: FtpsHost, error: unknown, signal: AbortSignal | undefined): Promise<unknown> => {
  if (host.mode !== 'implicit' || !isPlainAnswer(error)) return error;
  const call = await begin(host, signal);
  speakOver(call);
  const answer: unknown = await greet(call).catch((reason: unknown) => reason);
  call.line.end(new Error('the connection is closed'));
  return replyOf(answer) === undefined ? error : answer;
};

/** A connection with TLS, greeted, its certificate judged; nobody has signed in. */
const callUp = async (
  host: FtpsHost,
  security: Security,
  signal?: AbortSignal,
): Promise<Call & { greeting: string }> => {
  const call = await begin(host, signal);
  try {
    if (host.mode === 'implicit') await secure(call, security);
    speakOver(call);
    const { message } = await greet(call);
    if (host.mode === 'explicit') await startTls(call, security);
    return { ...call, greeting: saidBy(message) };
  } catch (error) {
    call.line.end(error);
    throw await explainPlain(host, error, signal);
  }
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
    const bye = link.ask(onServer(spec, 'leave'), 'QUIT');
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
export const openFtps = async (spec: FtpsSpec, signal?: AbortSignal, known: Readonly<Learned> = {}): Promise<Drop> => {
  const learned = { ...known };
  // Found out anew each time: asking by name costs one command, and what was wrong once must not be believed for ever.
  delete learned.looks;
  return enterFtps(spec, await connectFtps(spec, learned, signal), signal);
};

/** The certificate a server shows, without signing in: what a person compares before pinning it. */
export const certificateOf = async (host: FtpsHost, signal?: AbortSignal): Promise<ShownCertificate> => {
  let shown: ShownCertificate | undefined;
  const note = (socket: TLSSocket) => {
    shown = readCertificate(socket, host.host);
    return undefined;
  };
  const { line } = await callUp(host, makeSecurity(host, note), signal);
  line.end(new Error('the connection is closed'));
  if (!shown) throw new Error('a handshake without a certificate');
  return shown;
};
