import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificates } from './certificates.ts';
import type { Disk } from './disk.ts';
import { guest, guestHash, makeJail } from './jail.ts';
import { launch, textOf } from './launch.ts';
import { librariesIn, needUnpacked } from './packages.ts';
import { freePort } from './free-port.ts';

export interface ProftpdOptions extends Disk {
  /** Further lines for the end of the configuration. */
  config?: string[];
  /** How many bytes the user may have there (mod_quotatab). */
  quota?: number;
  /** Where it listens: `127.0.0.1`, or `::1` and nowhere else. */
  address?: '::1';
}

/** A real ProFTPD with one user of its own, who is locked into a jail and finds the drop in `/in`. */
export interface Proftpd {
  port: number;
  user: string;
  password: string;
  /** The drop's folder as this machine sees it. */
  folder: string;
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

const root = '/srv/nightdrop-test-programs/proftpd';
const program = 'usr/sbin/proftpd';

/** Why there can be no server here; undefined when there can. */
export const proftpdMissing = async (): Promise<string | undefined> =>
  needUnpacked(['proftpd-core', 'proftpd-mod-crypto'], root, program);

const common = (home: string, port: number, address = '127.0.0.1'): string[] => [
  `ModulePath ${root}/usr/lib/proftpd`,
  'ServerType standalone',
  'ServerName drop',
  `UseIPv6 ${address.includes(':') ? 'on' : 'off'}`,
  `DefaultAddress ${address}`,
  'SocketBindTight on',
  `Port ${port}`,
  'User nobody',
  'Group nogroup',
  `PidFile ${home}/pid`,
  `ScoreboardFile ${home}/scoreboard`,
  'UseReverseDNS off',
  'WtmpLog off',
  `AuthUserFile ${home}/users`,
  'AuthOrder mod_auth_file.c',
  'RequireValidShell off',
  'DefaultRoot ~',
  'Umask 022',
  'AllowOverwrite on',
  'AllowStoreRestart on',
  '<IfModule mod_delay.c>',
  '  DelayEngine off',
  '</IfModule>',
];

const quota = (home: string, bytes: number): string[] => {
  const table = (type: 'limit' | 'tally', ...more: string[]) => {
    const path = join(home, `quota.${type}`);
    execFileSync(join(root, 'usr/sbin/ftpquota'), [`--type=${type}`, `--table-path=${path}`, ...more], {
      stdio: 'pipe',
    });
    return `Quota${type === 'limit' ? 'Limit' : 'Tally'}Table file:${path}`;
  };
  const ofGuest = ['--add-record', `--name=${guest.user}`, '--quota-type=user', `--bytes-upload=${bytes}`];
  table('limit', '--create-table');
  return [
    'LoadModule mod_quotatab.c',
    'LoadModule mod_quotatab_file.c',
    'QuotaEngine on',
    table('limit', ...ofGuest, '--limit-type=hard', '--units=byte'),
    table('tally', '--create-table'),
  ];
};

/** A server with the lines of `engine`, which are given the folder for the server's own files. */
const start = async (options: ProftpdOptions, engine: (home: string) => string[]): Promise<Proftpd> => {
  const jail = makeJail(guest, options);
  const { home, folder } = jail;
  const port = await freePort();
  const log = join(home, 'log');
  const account = [guest.user, guestHash(), guest.uid, guest.gid, '', jail.root, '/bin/false'];
  writeFileSync(join(home, 'users'), `${account.join(':')}\n`, { mode: 0o600 });
  const lines = [...common(home, port, options.address), ...engine(home), ...(options.config ?? [])];
  if (options.quota !== undefined) lines.push(...quota(home, options.quota));
  writeFileSync(join(home, 'proftpd.conf'), `${lines.join('\n')}\n`);
  const command = [join(root, program), '--nodaemon', '-d', '6', '-c', join(home, 'proftpd.conf')];
  const halt = await launch(command, port, log, librariesIn(root), true, options.address);
  return {
    port,
    user: guest.user,
    password: guest.password,
    folder,
    log: () => ['log', 'sftp.log', 'tls.log'].map((name) => textOf(join(home, name))).join('\n'),
    stop: async () => {
      await halt();
      jail.remove();
    },
  };
};

let hostKey: string | undefined;

/** Made once for all servers of this process. */
const hostKeyOfProcess = (): string => {
  if (hostKey !== undefined) return hostKey;
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-keys-'));
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
  hostKey = join(home, 'host_rsa');
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '', '-f', hostKey]);
  return hostKey;
};

/** ProFTPD as an SFTP server (mod_sftp). Call `proftpdMissing` first. */
export const startProftpdSftp = async (options: ProftpdOptions = {}): Promise<Proftpd & { fingerprint: string }> => {
  const key = hostKeyOfProcess();
  const fingerprint = execFileSync('ssh-keygen', ['-lf', `${key}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? '';
  const server = await start(options, (home) => {
    copyFileSync(key, join(home, 'host_rsa'));
    return [
      'LoadModule mod_sftp.c',
      'SFTPEngine on',
      `SFTPLog ${home}/sftp.log`,
      `SFTPHostKey ${home}/host_rsa`,
      'SFTPAuthMethods password',
    ];
  });
  return { ...server, fingerprint };
};

/** ProFTPD as an FTPS server (mod_tls, explicit), which by default wants data connections to take up the session. */
export const startProftpdFtps = (options: ProftpdOptions = {}): Promise<Proftpd> => {
  const { server } = certificates();
  return start(options, (home) => [
    'LoadModule mod_tls.c',
    'TLSEngine on',
    'TLSRequired on',
    'TLSProtocol TLSv1.2 TLSv1.3',
    `TLSRSACertificateFile ${server.certificate}`,
    `TLSRSACertificateKeyFile ${server.key}`,
    `TLSLog ${home}/tls.log`,
    'TLSVerifyClient off',
  ]);
};
