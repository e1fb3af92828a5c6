import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, need } from './packages.ts';

/** A file system of its own for a folder; needs the right to mount. */
export interface Disk {
  /** How much it holds, such as `4m`. */
  size?: string;
  /** To it upper and lower case are one name: exFAT. Call `foldingMissing` first. */
  folds?: boolean;
}

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });

/** exFAT knows no owners: all files are the owner's. */
const mountFolding = (folder: string, owner: { uid: number; gid: number }): (() => void) => {
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-disk-'));
  const image = join(home, 'image');
  run('truncate', '-s', '16M', image);
  run('mkfs.exfat', image);
  const device = run('losetup', '-f', '--show', image).trim();
  run('mount.exfat-fuse', '-o', `allow_other,uid=${owner.uid},gid=${owner.gid}`, device, folder);
  return () => {
    run('umount', '-l', folder);
    run('losetup', '-d', device);
    rmSync(home, { recursive: true, force: true });
  };
};

const programs = (): string | undefined => at('/usr/sbin/mount.exfat-fuse')() && at('/usr/sbin/mkfs.exfat')();

/**
 * Whether there can be a file system here to which upper and lower case are one: it needs loop devices and FUSE, which
 * some containers lack. Where it cannot be tried, those tests are not there.
 */
export const canFold = async (): Promise<boolean> => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-disk-'));
  try {
    if (await need(['exfat-fuse', 'exfatprogs'], programs)) return false;
    mountFolding(folder, { uid: 0, gid: 0 })();
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Puts the disk that is asked for over the folder; the function takes it away. */
export const mountDisk = (folder: string, disk: Disk, owner: { uid: number; gid: number }): (() => void) => {
  if (disk.folds) return mountFolding(folder, owner);
  if (disk.size === undefined) return () => undefined;
  run('mount', '-t', 'tmpfs', '-o', `size=${disk.size}`, 'tmpfs', folder);
  // Lazily: a server's last child may still be in there.
  return () => void run('umount', '-l', folder);
};
