import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificates, type Pair } from './certificates.ts';
import type { Disk } from './disk.ts';
import { makeJail } from './jail.ts';
import { launch, textOf } from './launch.ts';
import { at, need } from './packages.ts';
import { freePort } from './free-port.ts';
import { makeUser, partner } from './system-user.ts';

export interface VsftpdOptions extends Disk {
  /** What the server shows; `server` of `certificates()` by default. */
  certificate?: Pair;
  /** The newest version of TLS it speaks; 1.3 by default. */
  newest?: 'TLSv1.2' | 'TLSv1.3';
  /** TLS from the first byte. */
  implicit?: boolean;
  /** Further lines for vsftpd.conf, such as `write_enable=NO`; a later line wins. */
  config?: string[];
  /** Where it listens: `127.0.0.1`, or `::1` and nowhere else. */
  address?: '::1';
}

/** A real vsftpd for one partner, who is locked into a jail and finds the drop in `/in`. Session reuse is required. */
export interface Vsftpd {
  port: number;
  user: string;
  password: string;
  uid: number;
  gid: number;
  /** The certificate it shows, as it is pinned. */
  fingerprint: string;
  /** The drop's folder as this machine sees it. */
  folder: string;
  /** What it has logged so far, commands included. */
  log(): string;
  stop(): Promise<void>;
}

const program = '/usr/sbin/vsftpd';

/** Why there can be no server here; undefined when there can. */
export const vsftpdMissing = async (): Promise<string | undefined> => {
  const missing = await need(['vsftpd'], at(program));
  if (missing !== undefined || process.getuid?.() === 0) return missing;
  if (process.env['CI']) throw new Error('only root can lock a user into a jail');
  return 'only root can lock a user into a jail';
};

/** Passwords of the system's users, without the pause after a wrong one. */
const pam = 'nightdrop-test';
const pamRules = 'auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n';

const onIpv4 = ['listen=YES', 'listen_address=127.0.0.1', 'pasv_address=127.0.0.1'];

const configOf = (home: string, root: string, port: number, options: VsftpdOptions): string =>
  [
    ...(options.address ? ['listen=NO', 'listen_ipv6=YES', `listen_address6=${options.address}`] : onIpv4),
    `listen_port=${port}`,
    'background=NO',
    'anonymous_enable=NO',
    'local_enable=YES',
    'write_enable=YES',
    'local_umask=022',
    `local_root=${root}`,
    'chroot_local_user=YES',
    'allow_writeable_chroot=YES',
    `pam_service_name=${pam}`,
    'seccomp_sandbox=NO',
    'secure_chroot_dir=/var/run/vsftpd/empty',
    'ssl_enable=YES',
    'ssl_tlsv1=YES',
    'ssl_ciphers=HIGH',
    'force_local_logins_ssl=YES',
    'force_local_data_ssl=YES',
    'require_ssl_reuse=YES',
    `implicit_ssl=${options.implicit ? 'YES' : 'NO'}`,
    `rsa_cert_file=${(options.certificate ?? certificates().server).certificate}`,
    `rsa_private_key_file=${(options.certificate ?? certificates().server).key}`,
    `vsftpd_log_file=${home}/log`,
    'xferlog_enable=YES',
    'xferlog_std_format=NO',
    'log_ftp_protocol=YES',
    'debug_ssl=YES',
    'max_login_fails=9',
    'delay_failed_login=0',
    'delay_successful_login=0',
    ...(options.config ?? []),
    '',
  ].join('\n');

/** vsftpd has no setting for it; OpenSSL has. */
const openSslConfig = (newest: string): string =>
  `openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nMaxProtocol = ${newest}\n`;

/** Starts a server of its own on a free port. Call `vsftpdMissing` first. */
export const startVsftpd = async (options: VsftpdOptions = {}): Promise<Vsftpd> => {
  mkdirSync('/var/run/vsftpd/empty', { recursive: true });
  writeFileSync(`/etc/pam.d/${pam}`, pamRules);
  const owner = await makeUser();
  const jail = makeJail(owner, options);
  const { home, root, folder } = jail;
  const port = await freePort();
  writeFileSync(join(home, 'vsftpd.conf'), configOf(home, root, port, options));
  writeFileSync(join(home, 'openssl.cnf'), openSslConfig(options.newest ?? 'TLSv1.3'));
  const env = { OPENSSL_CONF: join(home, 'openssl.cnf') };
  const command = [program, join(home, 'vsftpd.conf')];
  const halt = await launch(command, port, join(home, 'words'), env, options.implicit !== true, options.address);
  return {
    port,
    ...partner,
    ...owner,
    fingerprint: (options.certificate ?? certificates().server).fingerprint,
    folder,
    log: () => `${textOf(join(home, 'words'))}\n${textOf(join(home, 'log'))}`,
    stop: async () => {
      await halt();
      jail.remove();
    },
  };
};
