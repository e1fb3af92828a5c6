import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** The user of the servers that know the system's users only. */
export const partner = { user: 'ndpartner', password: 'correct horse battery' };

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });

/** Test files run side by side and the password file has one lock. */
const patiently = async (work: () => void): Promise<void> => {
  for (let tries = 0; ; tries++) {
    try {
      return work();
    } catch (error) {
      if (tries === 300) throw error;
      await pause(200);
    }
  }
};

const exists = (): boolean => {
  try {
    return run('id', '-u', partner.user) !== '';
  } catch {
    return false;
  }
};

let owner: { uid: number; gid: number } | undefined;

/** Makes the user where there is none, and gives its numbers. Only root may. */
export const makeUser = async (): Promise<{ uid: number; gid: number }> => {
  if (owner) return owner;
  await patiently(() => {
    if (!exists()) run('useradd', '-M', '-d', '/', '-s', '/usr/sbin/nologin', partner.user);
  });
  const input = `${partner.user}:${partner.password}\n`;
  await patiently(() => execFileSync('chpasswd', { input, stdio: 'pipe' }));
  return (owner = { uid: Number(run('id', '-u', partner.user)), gid: Number(run('id', '-g', partner.user)) });
};
