import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { need } from './packages.ts';

export interface PostgresServer {
  url: string;
  stop(): Promise<void>;
}

const root = '/usr/lib/postgresql';

/** Debian keeps the server's programs out of the PATH, in a folder for each version. `POSTGRES_BIN` names those of another one. */
const binFolder = (): string | undefined => {
  if (process.env['POSTGRES_BIN'] !== undefined) return process.env['POSTGRES_BIN'];
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.find((version) => existsSync(join(root, version, 'bin/initdb')));
  return found === undefined ? undefined : join(root, found, 'bin');
};

/** PostgreSQL refuses to run as root: as root it runs as the user that Debian's package made. */
const postgresUser = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
};

const waitUntilReady = async (bin: string, port: number, server: ChildProcess): Promise<void> => {
  for (let tries = 0; tries < 1200; tries++) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`);
    try {
      execFileSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]);
      return;
    } catch {
      await pause(100);
    }
  }
  throw new Error('postgres did not become ready within 2 min');
};

const roomForAll = 2 * 1024 ** 3;

/**
 * Where nothing has to reach the disk: in memory, where there is room. A test makes a database, which is 300 files, and
 * on a disk that is most of the kernel's work in a whole run.
 */
const quickHome = (): string => {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize >= roomForAll ? memory : tmpdir();
};

/**
 * A cluster of its own on a free port, without password, gone after `stop`. A string is the reason why there is none.
 * No test cuts the power, so nothing has to reach the disk unless `durable` is asked for (to measure what it costs).
 */
export const startPostgres = async ({ durable = false } = {}): Promise<PostgresServer | string> => {
  const missing = await need(['postgresql'], binFolder);
  if (missing) return missing;
  const bin = binFolder() ?? '';
  const user = postgresUser();
  const folder = mkdtempSync(join(durable ? tmpdir() : quickHome(), 'nightdrop-pg-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], {
    ...user,
    stdio: 'pipe',
    cwd: folder,
  });
  const port = await freePort();
  const options = [
    '-D',
    data,
    '-p',
    String(port),
    '-k',
    folder,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'max_connections=200',
    '-c',
    `fsync=${durable ? 'on' : 'off'}`,
    ...(durable ? [] : ['-c', 'max_wal_size=256MB']),
    '-c',
    'max_prepared_transactions=20',
  ];
  const server = spawn(join(bin, 'postgres'), options, { ...user, stdio: 'ignore', cwd: folder });
  await waitUntilReady(bin, port, server);
  const stop = async () => {
    if (server.exitCode === null) {
      server.kill('SIGINT');
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
};
