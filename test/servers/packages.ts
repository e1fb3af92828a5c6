import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Test files run in parallel and apt has one lock: whoever makes this folder may install. */
const lock = '/tmp/nightdrop-test-apt.lock';

/** A large package (Chromium) over a slow line. */
const longestInstallMs = 600_000;

const withAptLock = async (work: () => void): Promise<void> => {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > longestInstallMs + 60_000) rmSync(lock, { recursive: true, force: true });
      await pause(250);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
};

const apt = (...args: string[]): void => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    stdio: 'pipe',
    env,
    timeout: longestInstallMs,
  });
};

/** Undefined once `binary` is there, else the reason why `install` could not bring it. */
const bring = async (names: string, binary: () => string | undefined, install: () => void) => {
  if (binary()) return undefined;
  let reason = `${names} not installed, and only root can install`;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    try {
      await withAptLock(() => {
        if (!binary()) install();
      });
    } catch (error) {
      reason = `${names} could not be installed: ${String(error).slice(0, 300)}`;
    }
  }
  if (binary()) return undefined;
  if (process.env['CI']) throw new Error(reason);
  return reason;
};

/**
 * Sees to it that `binary` is there, installing the Debian packages when it is not and we may. Resolves to undefined, or
 * to the reason why the suite must be skipped. Under CI a skipped suite is a failure, so there it throws.
 */
export const need = (packages: string[], binary: () => string | undefined): Promise<string | undefined> =>
  bring(packages.join(', '), binary, () => {
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...packages);
  });

/**
 * As `need`, for packages that conflict with others: they and the libraries they lack are unpacked into `root` and never
 * installed. `program` is a path below `root`; `root` is made whole or not at all.
 */
export const needUnpacked = (packages: string[], root: string, program: string): Promise<string | undefined> =>
  bring(packages.join(', '), at(join(root, program)), () => {
    const fresh = `${root}.${process.pid}`;
    const archives = `${fresh}.archives`;
    mkdirSync(join(archives, 'partial'), { recursive: true });
    try {
      apt('update');
      const only = ['--no-install-recommends', '--download-only', '-o', `Dir::Cache::archives=${archives}`];
      apt('install', '-y', ...only, ...packages);
      for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
        execFileSync('dpkg', ['-x', join(archives, name), fresh], { stdio: 'pipe' });
      rmSync(root, { recursive: true, force: true });
      renameSync(fresh, root);
    } finally {
      for (const path of [archives, fresh]) rmSync(path, { recursive: true, force: true });
    }
  });

/** For a binary at a fixed path. */
export const at = (path: string) => (): string | undefined => (existsSync(path) ? path : undefined);

/** What a program unpacked into `root` needs to find its libraries; Debian keeps them in a folder for each machine type. */
export const librariesIn = (root: string): { LD_LIBRARY_PATH: string } => {
  const folders = existsSync(join(root, 'usr/lib')) ? readdirSync(join(root, 'usr/lib')) : [];
  const found = folders.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(root, 'usr/lib', name));
  return { LD_LIBRARY_PATH: found.join(':') };
};
