import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { at, need } from './packages.ts';
import { freePort } from './free-port.ts';

/** A Postfix of one's own, which relays all mail to one port. */
export interface Postfix {
  port: number;
  /** What it still has to deliver: one line for each mail, with the reason why it was not. */
  queue(): string;
  /** Tries again what waits. */
  flush(): void;
  /** What it says about deliveries. */
  log(): string;
  stop(): Promise<void>;
}

/** Why there can be none here; undefined when there can. Only root can start one. */
export const postfixMissing = async (): Promise<string | undefined> =>
  (await need(['postfix', 'swaks'], () => at('/usr/sbin/postfix')() && at('/usr/bin/swaks')())) ??
  (process.getuid?.() === 0 ? undefined : 'only root can start Postfix');

const idOf = (flag: string, user: string): number =>
  Number(execFileSync('id', [flag, user], { encoding: 'utf8' }).trim());

const master = (port: number): string =>
  readFileSync('/usr/share/postfix/master.cf.dist', 'utf8')
    .split('\n')
    .map((line) => {
      const fields = line.split(/\s+/);
      if (line.startsWith('smtp ') && fields[1] === 'inet') return `127.0.0.1:${port} inet n - n - - smtpd`;
      if (!/^[a-z]/.test(line) || fields[1] !== 'unix') return line;
      return [...fields.slice(0, 4), 'n', ...fields.slice(5)].join(' ');
    })
    .join('\n');

const main = (home: string, relayPort: number): string => `
compatibility_level = 3.6
queue_directory = ${home}/queue
data_directory = ${home}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:${relayPort}
disable_dns_lookups = yes
smtp_dns_support_level = disabled
maillog_file = ${home}/maillog
maillog_file_prefixes = ${home}
message_size_limit = 60000000
mailbox_size_limit = 0
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
notify_classes =
`;

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean) => (socket.destroy(), resolve(answer));
    socket.once('data', () => end(true)).once('error', () => end(false));
  });

/** Starts one on a free port. Call `postfixMissing` first. */
export const startPostfix = async (relayPort: number): Promise<Postfix> => {
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-postfix-'));
  chmodSync(home, 0o755);
  for (const folder of ['config', 'queue', 'data']) mkdirSync(join(home, folder));
  chownSync(join(home, 'data'), idOf('-u', 'postfix'), idOf('-g', 'postfix'));
  const port = await freePort();
  writeFileSync(join(home, 'config/master.cf'), master(port));
  writeFileSync(join(home, 'config/main.cf'), main(home, relayPort));
  const postfix = (...args: string[]): string =>
    execFileSync('postfix', ['-c', join(home, 'config'), ...args], { encoding: 'utf8', stdio: 'pipe' });
  const log = (): string => {
    try {
      return readFileSync(join(home, 'maillog'), 'utf8');
    } catch {
      return '';
    }
  };
  postfix('start');
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 2400) throw new Error(`postfix: ${log()}`);
    await pause(25);
  }
  return {
    port,
    log,
    queue: () => execFileSync('postqueue', ['-c', join(home, 'config'), '-p'], { encoding: 'utf8', stdio: 'pipe' }),
    flush: () => void execFileSync('postqueue', ['-c', join(home, 'config'), '-f'], { stdio: 'pipe' }),
    stop: async () => {
      postfix('stop');
      await pause(0);
      rmSync(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
};
