import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Disk, mountDisk } from './disk.ts';

/** Where a server locks its user in, and the drop's folder in there: `/in` for the user, `folder` for this machine. */
export interface Jail {
  /** For the server's own files; the jail is below it. */
  home: string;
  root: string;
  folder: string;
  remove(): void;
}

export const makeJail = (owner: { uid: number; gid: number }, disk: Disk = {}): Jail => {
  // Not under /tmp: servers want every folder above a jail to be writable by root alone.
  const home = mkdtempSync('/srv/nightdrop-test-');
  const root = join(home, 'jail');
  const folder = join(root, 'in');
  chmodSync(home, 0o755);
  mkdirSync(root, { mode: 0o755 });
  mkdirSync(folder, { mode: 0o755 });
  const unmount = mountDisk(folder, disk, owner);
  chownSync(folder, owner.uid, owner.gid);
  return {
    home,
    root,
    folder,
    remove: () => {
      unmount();
      rmSync(home, { recursive: true, force: true });
    },
  };
};

/** The user of the servers that keep users of their own; the system need not know it. */
export const guest = { user: 'ndguest', password: 'correct horse battery', uid: 64_021, gid: 64_021 };

let hashed: string | undefined;

/** The guest's password as the servers keep it; made once, and quick to check. */
export const guestHash = (): string =>
  (hashed ??= execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: guest.password, encoding: 'utf8' }).trim());
