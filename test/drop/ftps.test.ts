import { chmodSync, readFileSync } from 'node:fs';
import { describe } from 'vitest';
import type { FtpsSpec } from '../../src/drop/drop.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import { Secret } from '../../src/secret.ts';
import { certificates } from '../servers/certificates.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd, type VsftpdOptions } from '../servers/vsftpd.ts';
import { dropContract } from './contract.ts';
import type { Stage } from './stage.ts';

const missing = await vsftpdMissing();

const specOf = (server: Vsftpd, changes: Partial<FtpsSpec> = {}): FtpsSpec => ({
  kind: 'ftps',
  name: 'acme-ftps',
  host: '127.0.0.1',
  port: server.port,
  mode: 'explicit',
  user: server.user,
  password: new Secret(server.password),
  ca: readFileSync(certificates().ca, 'utf8'),
  tls: { min: 'TLSv1.2', max: 'TLSv1.3' },
  folder: '/in',
  concurrency: 16,
  stepTimeout: 5_000,
  replace: false,
  ...changes,
});

const stageOf = (server: Vsftpd, options: VsftpdOptions = {}, changes: Partial<FtpsSpec> = {}): Stage => ({
  open: (more) => openDrop({ ...specOf(server), ...changes, ...more }),
  folder: server.folder,
  forbid: () => {
    chmodSync(server.folder, 0o555);
    return () => chmodSync(server.folder, 0o755);
  },
  small: async () => stageOf(await startVsftpd({ ...options, size: '4m' }), options, changes),
  stop: () => server.stop(),
});

const start = async (options: VsftpdOptions, changes: Partial<FtpsSpec> = {}): Promise<Stage> =>
  stageOf(await startVsftpd(options), options, changes);

describe.skipIf(missing !== undefined)('vsftpd', () => {
  dropContract('ftps (explicit, TLS 1.3, session reuse required)', () => start({}));
});
