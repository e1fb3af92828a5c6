import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SftpSpec } from '../../src/drop/drop.ts';
import { startProxy } from '../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd } from '../servers/sshd.ts';
import { type BenchRow, timed } from './row.ts';
import { deliver, makeFile, row } from './upload.ts';
import { sftpSpec } from '../drop/sftp/stage.ts';

const rounds = 5;

const specOf = (server: Sshd, port: number, concurrency: number): SftpSpec =>
  sftpSpec(server, { port, concurrency, stepTimeout: 60_000 });

/** `put -f` asks for fsync, as we do; plain `put` does not. */
const nativePut = (server: Sshd, path: string, put: 'put' | 'put -f'): Promise<unknown> => {
  chmodSync(server.keys.plain, 0o600);
  const options = ['-q', '-P', String(server.port), '-i', server.keys.plain, '-o', 'StrictHostKeyChecking=no'];
  const known = ['-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-b', '-', `${server.user}@127.0.0.1`];
  const child = promisify(execFile)('sftp', [...options, ...known]);
  child.child.stdin?.end(`${put} ${path} /in/peer.csv\n`);
  return child;
};

const againstNative = async (server: Sshd, folder: string): Promise<BenchRow[]> => {
  const file = makeFile(folder, 200_000_000);
  const times: Record<'ours' | 'put' | 'put -f', number[]> = { ours: [], put: [], 'put -f': [] };
  const clear = () => ['batch.csv', 'peer.csv'].forEach((name) => rmSync(join(server.folder, name), { force: true }));
  const spec = specOf(server, server.port, 16);
  // One round to warm up: the service is a process that lives long.
  for (let round = 0; round <= rounds; round++) {
    for (const put of ['put', 'put -f', 'ours'] as const) {
      const took = await timed(() => (put === 'ours' ? deliver(spec, file) : nativePut(server, file.path, put)));
      if (round > 0) times[put].push(took);
      clear();
    }
  }
  const work = '200 MB to OpenSSH, connect to receipt (with fsync)';
  return (['put', 'put -f'] as const).map((put) =>
    row(
      work,
      `sftp ${put}${put === 'put' ? ' (no fsync)' : ''}`,
      times.ours,
      times[put],
      '≤ 1.0',
      (ratio) => ratio <= 1,
    ),
  );
};

const againstOneWrite = async (server: Sshd, folder: string): Promise<BenchRow> => {
  const file = makeFile(folder, 8_000_000);
  const proxy = await startProxy(server.port, 20);
  const [ours, theirs]: [number[], number[]] = [[], []];
  const send = async (concurrency: number) => {
    rmSync(join(server.folder, 'batch.csv'), { force: true });
    return timed(() => deliver(specOf(server, proxy.port, concurrency), file));
  };
  for (let round = 0; round < 3; round++) {
    theirs.push(await send(1));
    ours.push(await send(16));
  }
  await proxy.close();
  const work = '8 MB over a 20 ms round trip, connect to receipt';
  return row(work, 'one 32 KB write in flight', ours, theirs, '≤ 0.2 (5 × faster)', (ratio) => ratio <= 0.2);
};

/** The SFTP rows of the bench. Needs root (a jailed user); throws with the reason where there can be no server. */
export const sftpRows = async (): Promise<BenchRow[]> => {
  const missing = await sshdMissing();
  if (missing !== undefined) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-bench-'));
  const server = await startSshd({ config: ['LogLevel ERROR'] });
  try {
    return [...(await againstNative(server, folder)), await againstOneWrite(server, folder)];
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
