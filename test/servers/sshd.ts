import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Disk, mountDisk } from './disk.ts';
import { at, need } from './packages.ts';
import { freePort } from './free-port.ts';
import { makeUser, partner } from './system-user.ts';

export interface SshdOptions extends Disk {
  /** Further arguments of internal-sftp, such as `-P rename` or `-R`. */
  sftp?: string;
  /** Further lines for the top of sshd_config. */
  config?: string[];
  /** Where it listens: `127.0.0.1`, or `::1` and nowhere else. */
  address?: '::1';
}

/** A real OpenSSH server for one partner, who is locked into a jail and finds the drop in `/in`. */
export interface Sshd {
  port: number;
  user: string;
  password: string;
  /** Private key files: without and with a passphrase. */
  keys: { plain: string; locked: string; passphrase: string; stranger: string };
  uid: number;
  gid: number;
  /** The drop's folder as this machine sees it. */
  folder: string;
  /** `SHA256:…` of its host keys, by type. */
  fingerprints(): { ed25519: string; rsa: string };
  /** What it has logged so far, debug lines included. */
  log(): string;
  /** Starts again on the same port, with new host keys. */
  swapHostKeys(): Promise<void>;
  stop(): Promise<void>;
}

const program = '/usr/sbin/sshd';
const { user, password } = partner;

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });

const makeKey = (path: string, type: string, passphrase = ''): void => {
  rmSync(path, { force: true });
  run('ssh-keygen', '-q', '-t', type, ...(type === 'rsa' ? ['-b', '2048'] : []), '-N', passphrase, '-f', path);
};

const fingerprint = (path: string): string => run('ssh-keygen', '-lf', `${path}.pub`).split(' ')[1] ?? '';

/** From 9.8 on a server punishes an address for failed sign-ins, and here everybody has the same address. */
const penalties = (): string[] => {
  const version = /OpenSSH_(\d+)\.(\d+)/.exec(execFileSync('sh', ['-c', 'ssh -V 2>&1'], { encoding: 'utf8' }));
  return Number(version?.[1]) * 100 + Number(version?.[2]) >= 908 ? ['PerSourcePenalties no'] : [];
};

const configOf = (home: string, port: number, options: SshdOptions): string =>
  [
    // First, because sshd keeps the first value it reads.
    ...(options.config ?? []),
    `ListenAddress ${options.address ?? '127.0.0.1'}`,
    `Port ${port}`,
    `HostKey ${home}/host_ed25519`,
    `HostKey ${home}/host_rsa`,
    `PidFile ${home}/sshd.pid`,
    `AuthorizedKeysFile ${home}/authorized_keys`,
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'LogLevel DEBUG1',
    'MaxStartups 200',
    'MaxSessions 50',
    'PasswordAuthentication yes',
    ...penalties(),
    'Subsystem sftp internal-sftp',
    `Match User ${user}`,
    `  ChrootDirectory ${home}/jail`,
    `  ForceCommand internal-sftp ${options.sftp ?? ''}`,
    '  AllowTcpForwarding no',
    '',
  ].join('\n');

const answers = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => (socket.destroy(), resolve(answer));
    socket
      .once('data', () => end(true))
      .once('error', () => end(false))
      .once('close', () => end(false));
  });

const launch = async (home: string, port: number, host = '127.0.0.1'): Promise<() => Promise<void>> => {
  const server = spawn(program, ['-D', '-f', join(home, 'sshd_config'), '-E', join(home, 'log')], { stdio: 'ignore' });
  const gone = once(server, 'exit');
  for (let tries = 0; !(await answers(port, host)); tries++) {
    if (server.exitCode !== null || tries === 2400) throw new Error(`sshd: ${readFileSync(join(home, 'log'), 'utf8')}`);
    await pause(25);
  }
  return async () => {
    server.kill('SIGTERM');
    await gone;
  };
};

/** The drop's folder, and how to take it away again. */
const makeFolder = (home: string, disk: Disk, owner: { uid: number; gid: number }): (() => void) => {
  const folder = join(home, 'jail/in');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const unmount = mountDisk(folder, disk, owner);
  chownSync(folder, owner.uid, owner.gid);
  return unmount;
};

let keyring: { home: string; keys: Sshd['keys'] } | undefined;

/** Made once for all servers of this process: they take most of the time a server needs to start. */
const keysOfProcess = (): { home: string; keys: Sshd['keys'] } => {
  if (keyring) return keyring;
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-keys-'));
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
  const keys = {
    plain: `${home}/plain`,
    locked: `${home}/locked`,
    passphrase: 'open sesame',
    stranger: `${home}/stranger`,
  };
  makeKey(keys.plain, 'ed25519');
  makeKey(keys.locked, 'ed25519', keys.passphrase);
  makeKey(keys.stranger, 'ed25519');
  makeKey(`${home}/host_ed25519`, 'ed25519');
  makeKey(`${home}/host_rsa`, 'rsa');
  const known = [keys.plain, keys.locked].map((path) => readFileSync(`${path}.pub`, 'utf8'));
  writeFileSync(`${home}/authorized_keys`, known.join(''));
  return (keyring = { home, keys });
};

/** Why there can be no server here; undefined when there can. */
export const sshdMissing = async (): Promise<string | undefined> => {
  const missing = await need(['openssh-server', 'openssh-client'], () => at(program)() && at('/usr/bin/sftp')());
  if (missing !== undefined || process.getuid?.() === 0) return missing;
  if (process.env['CI']) throw new Error('only root can lock a user into a jail');
  return 'only root can lock a user into a jail';
};

/** Starts a server of its own on a free port. Call `sshdMissing` first. */
export const startSshd = async (options: SshdOptions = {}): Promise<Sshd> => {
  mkdirSync('/run/sshd', { recursive: true });
  // Not under /tmp: sshd wants every folder above a jail to be writable by root alone.
  const home = mkdtempSync('/srv/nightdrop-test-');
  execFileSync('chmod', ['755', home]);
  mkdirSync(join(home, 'jail'), { mode: 0o755 });
  const owner = await makeUser();
  const takeAway = makeFolder(home, options, owner);
  const { home: keyHome, keys } = keysOfProcess();
  const copies = ['authorized_keys', 'host_ed25519', 'host_ed25519.pub', 'host_rsa', 'host_rsa.pub'];
  for (const name of copies) copyFileSync(join(keyHome, name), join(home, name));
  const port = await freePort();
  writeFileSync(join(home, 'sshd_config'), configOf(home, port, options));
  writeFileSync(join(home, 'log'), '');
  let halt = await launch(home, port, options.address);
  return {
    port,
    user,
    password,
    keys,
    ...owner,
    folder: join(home, 'jail/in'),
    fingerprints: () => ({ ed25519: fingerprint(`${home}/host_ed25519`), rsa: fingerprint(`${home}/host_rsa`) }),
    log: () => (existsSync(join(home, 'log')) ? readFileSync(join(home, 'log'), 'utf8') : ''),
    swapHostKeys: async () => {
      await halt();
      for (const type of ['ed25519', 'rsa']) makeKey(`${home}/host_${type}`, type);
      halt = await launch(home, port, options.address);
    },
    stop: async () => {
      await halt();
      takeAway();
      rmSync(home, { recursive: true, force: true });
    },
  };
};
