import { chmodSync } from 'node:fs';
import { describe } from 'vitest';
import type { SftpSpec } from '../../src/drop/drop.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import { Secret } from '../../src/secret.ts';
import { proftpdMissing, startProftpdSftp } from '../servers/proftpd.ts';
import { dropContract } from './contract.ts';
import type { Stage } from './stage.ts';

const missing = await proftpdMissing();

type Server = Awaited<ReturnType<typeof startProftpdSftp>>;

const stageOf = (server: Server): Stage => {
  const spec: SftpSpec = {
    kind: 'sftp',
    name: 'acme-sftp',
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    password: new Secret(server.password),
    hostKeys: [server.fingerprint],
    folder: '/in',
    concurrency: 16,
    stepTimeout: 5_000,
    replace: false,
  };
  return {
    open: (changes) => openDrop({ ...spec, ...changes }),
    folder: server.folder,
    forbid: () => {
      chmodSync(server.folder, 0o555);
      return () => chmodSync(server.folder, 0o755);
    },
    small: async () => stageOf(await startProftpdSftp({ size: '4m' })),
    stop: () => server.stop(),
  };
};

describe.skipIf(missing !== undefined)('ProFTPD', () => {
  dropContract('sftp (mod_sftp)', async () => stageOf(await startProftpdSftp()));
});
