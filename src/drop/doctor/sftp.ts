import type { FileEntryWithStats } from 'ssh2';
import type { SftpSpec } from '../drop.ts';
import { isPinned, type ShownKey } from '../sftp/host-key.ts';
import type { MovingDrop } from '../put.ts';
import { makeSftpDrop } from '../sftp/moves.ts';
import type { Link } from '../sftp/link.ts';
import { connectSftp, hostKeysOf, type Connected } from '../sftp/open.ts';
import { codeOf, type Exam } from './exam.ts';
import { hear, type Host, saysBusy, whileBusy } from './network.ts';
import { firstLine, softwareOf, speakers, spokenIn } from './protocol.ts';
import { reach } from './reach.ts';
import type { Finding } from './report.ts';
import { size } from './text.ts';

const greet = async (exam: Exam, at: Host): Promise<Finding> => {
  // Both sides may begin (RFC 4253, 4.2). A line of ours makes other servers show themselves.
  const opening = { text: 'SSH-2.0-nightdrop\r\n', patience: 0 };
  const { bytes, ended } = await hear(at, (heard) => !['nothing', 'other'].includes(spokenIn(heard)), opening);
  const spoken = spokenIn(bytes);
  const line = firstLine(bytes);
  if (spoken === 'ssh') {
    exam.learned.software = softwareOf(line);
    return { detail: line };
  }
  const detail = line === '' ? '' : `it says: ${line}`;
  if (spoken === 'nothing') return ended ? hungUp : silent;
  const wrong = `what answers on port ${at.port} is ${speakers[spoken]}, not an SSH server`;
  const other =
    spoken === 'ftp' || spoken === 'tls'
      ? 'if the partner means FTPS: "kind: ftps"; otherwise correct "port" (SFTP is usually 22)'
      : 'correct "host" or "port" (SFTP is usually 22)';
  return { result: 'failed', detail, cause: wrong, hint: other };
};

const hungUp: Finding = {
  result: 'failed',
  detail: 'it hung up',
  cause: 'the server took the call and hung up before it said anything: it lets only known addresses in, or it is busy',
  hint: 'ask the partner whether your address is on the list of those who may connect; otherwise check "port"',
};

const silent: Finding = {
  result: 'failed',
  detail: 'it says nothing',
  cause: 'the server takes the call and stays silent: it hangs, or what listens there is no SSH server',
  hint: 'check "port" (SFTP is usually 22); ask the partner whether the server is well',
};

const shown = (keys: readonly ShownKey[]): string =>
  keys.map(({ type, fingerprint }) => `${fingerprint} (${type})`).join(', ');

const compare = 'compare it with what the partner tells you over another way (never only with this connection)';

const checkKeys = async (exam: Exam, spec: SftpSpec, at: Host & SftpSpec): Promise<Finding> => {
  const keys = await whileBusy(() => hostKeysOf(at), saysBusy, exam.signal);
  const pinned = keys.find((key) => isPinned(key, spec.hostKeys));
  const [best] = keys;
  if (pinned) return { detail: `${pinned.fingerprint} (${pinned.type}) is pinned` };
  exam.facts.hostKeys = keys.map(({ fingerprint }) => fingerprint);
  const setting = `hostKeys: ["${best?.fingerprint ?? 'SHA256:…'}"]`;
  const detail = `it shows ${shown(keys) || 'none'}; pinned: ${spec.hostKeys.join(', ') || 'none'}`;
  const hint = `no credentials were sent; ${compare}, then set ${setting}`;
  const cause =
    spec.hostKeys.length === 0
      ? 'no host key is pinned, so nobody can tell this server from another one'
      : 'the server shows another host key than the pinned ones: the partner changed it, or this is another server';
  return { result: 'failed', detail, cause, hint };
};

/** A connection that has signed in and goes on to open SFTP; in a wrapping, since whoever is given a promise waits for it. */
interface Signed {
  connection: Promise<Connected>;
}

/** Waits for the sign-in only; the connection goes on to be made. */
const signIn = async (exam: Exam, spec: SftpSpec, give: (made: Signed) => void): Promise<Finding> => {
  const { promise: signedIn, resolve } = Promise.withResolvers<void>();
  let offered: readonly string[] = [];
  const connection = connectSftp(spec, exam.signal, {
    offered: (methods) => void (offered = methods),
    signedIn: resolve,
  });
  connection.catch(() => undefined);
  give({ connection });
  try {
    await Promise.race([signedIn, connection]);
  } catch (error) {
    exam.offered.push(...offered);
    throw error;
  }
  const ways = offered.length > 0 ? `; it offers ${offered.join(', ')}` : '';
  return { detail: `as ${spec.user}, with ${spec.key ? 'the key' : 'the password'}${ways}` };
};

const extensions = {
  'fsync@openssh.com': 'fsync',
  'posix-rename@openssh.com': 'posix-rename',
  'statvfs@openssh.com': 'statvfs',
} as const;

const tryOffers = ({ run }: Exam, { link }: Connected, folder: string): Promise<boolean> =>
  run.attempt('offers', async () => {
    const all = Object.entries(extensions);
    const words = all.map(([name, word]) => `${word} ${link.offers(name) ? 'yes' : 'no'}`).join(', ');
    const detail = `${words}; writes of up to ${size(link.writeBytes)}`;
    if (!link.offers('statvfs@openssh.com')) return { detail };
    type Space = { f_bavail: number; f_frsize: number };
    const step = { operation: 'measure', object: folder, inFolder: false };
    const space = await link.line
      .ask<Space>(step, (done) => link.sftp.ext_openssh_statvfs(folder, done))
      .catch(() => undefined);
    return { detail: space ? `${detail}; ${size(space.f_bavail * space.f_frsize)} free` : detail };
  });

/** Where the server puts us, and the folders that are there: what a missing folder was perhaps meant to be. */
const surroundings = async ({ line, sftp }: Link): Promise<string> => {
  const step = { operation: 'look around in', object: 'the folder of the user', inFolder: false };
  const home = await line.ask<string>(step, (done) => sftp.realpath('.', done));
  const handle = await line.get<Buffer>(step, (done) => sftp.opendir('.', done));
  const found = await line.get<FileEntryWithStats[]>(step, (done) => sftp.readdir(handle, done)).catch(() => []);
  await line.ask<void>(step, (done) => sftp.close(handle, done));
  const folders = found.filter(({ attrs, filename }) => attrs.isDirectory() && !filename.startsWith('.'));
  const names = folders.map(({ filename }) => filename).sort();
  return `the server puts us into ${home}; folders there: ${names.slice(0, 10).join(', ') || 'none'}`;
};

const openFolder = async (exam: Exam, spec: SftpSpec, { link, close }: Connected): Promise<MovingDrop> => {
  try {
    return await makeSftpDrop(spec, link, close, exam.learned);
  } catch (error) {
    if (codeOf(error) === 'folder') exam.facts.around = await surroundings(link).catch(() => '');
    throw error;
  }
};

/** Everything up to the open drop, one step after the other. */
export const openSftpDrop = async (exam: Exam, spec: SftpSpec): Promise<MovingDrop> => {
  const { run } = exam;
  const at = { ...spec, signal: exam.signal };
  await reach(exam, at);
  await run.must('greeting', () => greet(exam, at));
  await run.must('host-key', () => checkKeys(exam, spec, at));
  const { connection } = await run.gain<Signed>('sign-in', (give) => signIn(exam, spec, give));
  const open = await run.gain<Connected>('sftp', async (give) => {
    give(await connection);
    return { detail: 'the channel is open' };
  });
  exam.closing.push(() => open.close());
  await tryOffers(exam, open, spec.folder);
  return run.gain<MovingDrop>('folder', async (give) => {
    give(await openFolder(exam, spec, open));
    return { detail: spec.folder };
  });
};
