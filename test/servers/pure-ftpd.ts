import { execFileSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificates } from './certificates.ts';
import type { Disk } from './disk.ts';
import { guest, guestHash, makeJail } from './jail.ts';
import { launch, textOf } from './launch.ts';
import { librariesIn, needUnpacked } from './packages.ts';
import { freePort } from './free-port.ts';

export interface PureFtpdOptions extends Disk {
  /** Further arguments, such as `-G` (nobody may rename). */
  args?: string[];
  /** How many bytes the user may have there (a virtual quota). */
  quota?: number;
  /** Where it listens: `127.0.0.1`, or `::1` and nowhere else. */
  address?: '::1';
}

/** A real Pure-FTPd (FTPS, explicit) with one user of its own, who is locked into a jail and finds the drop in `/in`. */
export interface PureFtpd {
  port: number;
  user: string;
  password: string;
  /** The drop's folder as this machine sees it. */
  folder: string;
  /** The transfers it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

const root = '/srv/nightdrop-test-programs/pure-ftpd';
const program = 'usr/sbin/pure-ftpd';

/** Why there can be no server here; undefined when there can. */
export const pureFtpdMissing = (): Promise<string | undefined> => needUnpacked(['pure-ftpd'], root, program);

const makeUser = (home: string, jail: string, quota: number | undefined): string => {
  const [users, database] = [join(home, 'users'), join(home, 'users.pdb')];
  const account = [guest.user, guestHash(), guest.uid, guest.gid, '', jail];
  // Bandwidths, ratios, sessions and the number of files before the quota; addresses and times after it.
  const limits = [...Array.from({ length: 6 }, () => ''), quota ?? '', ...Array.from({ length: 5 }, () => '')];
  writeFileSync(users, `${[...account, ...limits].join(':')}\n`);
  const env = { ...process.env, ...librariesIn(root) };
  execFileSync(join(root, 'usr/bin/pure-pw'), ['mkdb', database, '-f', users], { stdio: 'pipe', env });
  return database;
};

/** Starts a server of its own on a free port. Call `pureFtpdMissing` first. */
export const startPureFtpd = async (options: PureFtpdOptions = {}): Promise<PureFtpd> => {
  const jail = makeJail(guest, options);
  const { home, folder } = jail;
  // The tally of the quota is a file of the user's, in the jail.
  if (options.quota !== undefined) chownSync(jail.root, guest.uid, guest.gid);
  const users = makeUser(home, jail.root, options.quota);
  const port = await freePort();
  const log = join(home, 'log');
  const transfers = join(home, 'transfers');
  const command = [
    join(root, program),
    ...['-S', `${options.address ?? '127.0.0.1'},${port}`, '-Y', '2', '-2', certificates().server.both],
    ...['-l', `puredb:${users}`, '-A', '-E', '-H', '-g', join(home, 'pid'), '-O', `clf:${transfers}`],
    ...['-c', '200', '-C', '200', ...(options.args ?? [])],
  ];
  const halt = await launch(command, port, log, librariesIn(root), true, options.address);
  return {
    port,
    user: guest.user,
    password: guest.password,
    folder,
    log: () => textOf(log) + textOf(transfers),
    stop: async () => {
      await halt();
      jail.remove();
    },
  };
};
