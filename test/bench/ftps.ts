import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ftpsSpec } from '../drop/ftps/stage.ts';
import { certificates } from '../servers/certificates.ts';
import { at, need } from '../servers/packages.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd } from '../servers/vsftpd.ts';
import { type BenchRow, timed } from './row.ts';
import { deliver, makeFile, row } from './upload.ts';

const rounds = 5;
const run = promisify(execFile);

/** Both protect the data connection and take up the TLS session, or vsftpd would refuse them. */
const peers = {
  curl: ({ port, user, password }: Vsftpd, path: string) =>
    run('curl', [
      ...['-sS', '--ssl-reqd', '--cacert', certificates().ca, '--user', `${user}:${password}`],
      ...['-T', path, `ftp://127.0.0.1:${port}/in/peer.csv`],
    ]),
  lftp: ({ port, user, password }: Vsftpd, path: string) =>
    run('lftp', [
      ...['--norc', '-p', String(port), '-u', `${user},${password}`, '127.0.0.1', '-e'],
      `set ftp:ssl-force true; set ftp:ssl-protect-data true; set ssl:ca-file ${certificates().ca}; ` +
        `set net:max-retries 1; set cmd:fail-exit true; put ${path} -o in/peer.csv; bye`,
    ]),
};

const against = async (server: Vsftpd, folder: string, tls: string): Promise<BenchRow[]> => {
  const file = makeFile(folder, 200_000_000);
  const times: Record<'ours' | keyof typeof peers, number[]> = { ours: [], curl: [], lftp: [] };
  const clear = () => ['batch.csv', 'peer.csv'].forEach((name) => rmSync(join(server.folder, name), { force: true }));
  const spec = { ...ftpsSpec(server), stepTimeout: 60_000 };
  // One round to warm up: the service is a process that lives long.
  for (let round = 0; round <= rounds; round++) {
    for (const who of ['curl', 'lftp', 'ours'] as const) {
      const took = await timed(() => (who === 'ours' ? deliver(spec, file) : peers[who](server, file.path)));
      if (round > 0) times[who].push(took);
      clear();
    }
  }
  const work = `200 MB to vsftpd over ${tls}, session reuse required, connect to receipt`;
  return (['curl', 'lftp'] as const).map((peer) =>
    row(work, peer, times.ours, times[peer], '≤ 1.0', (ratio) => ratio <= 1),
  );
};

/** The FTPS rows of the bench. Needs root (a jailed user); throws with the reason where there can be no server. */
export const ftpsRows = async (): Promise<BenchRow[]> => {
  const missing = (await vsftpdMissing()) ?? (await need(['lftp', 'curl'], at('/usr/bin/lftp')));
  if (missing !== undefined) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-bench-'));
  try {
    const rows: BenchRow[] = [];
    for (const newest of ['TLSv1.2', 'TLSv1.3'] as const) {
      const server = await startVsftpd({ newest, config: ['log_ftp_protocol=NO', 'debug_ssl=NO'] });
      rows.push(...(await against(server, folder, newest.replace('v', ' ')).finally(() => server.stop())));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
