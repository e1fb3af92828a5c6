import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Test files run in parallel and apt has one lock: whoever makes this folder may install. */
const lock = '/tmp/nightdrop-test-apt.lock';

const withAptLock = async (work: () => void): Promise<void> => {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 300_000) rmSync(lock, { recursive: true, force: true });
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
  execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], { stdio: 'pipe', env, timeout: 300_000 });
};

/**
 * Sees to it that `binary` is there, installing the Debian packages when it is not and we may. Resolves to undefined, or
 * to the reason why the suite must be skipped. Under CI a skipped suite is a failure, so there it throws.
 */
export const need = async (packages: string[], binary: () => string | undefined): Promise<string | undefined> => {
  if (binary()) return undefined;
  let reason = `${packages.join(', ')} not installed, and only root can install`;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    try {
      await withAptLock(() => {
        if (binary()) return;
        apt('update');
        apt('install', '-y', '--no-install-recommends', ...packages);
      });
    } catch (error) {
      reason = `${packages.join(', ')} could not be installed: ${String(error).slice(0, 300)}`;
    }
  }
  if (binary()) return undefined;
  if (process.env['CI']) throw new Error(reason);
  return reason;
};

/** For a binary at a fixed path. */
export const at = (path: string) => (): string | undefined => (existsSync(path) ? path : undefined);
