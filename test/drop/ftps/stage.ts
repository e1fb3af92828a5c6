import { chmodSync, readFileSync } from 'node:fs';
import type { FtpsSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { Secret } from '../../../src/secret.ts';
import { certificates } from '../../servers/certificates.ts';
import type { Stage } from '../stage.ts';

/** What a drop must know of an FTPS server of the tests. */
export interface FtpsServer {
  port: number;
  user: string;
  password: string;
  folder: string;
  stop(): Promise<void>;
}

/** A drop at a server that shows the tests' own certificate. */
export const ftpsSpec = (server: Pick<FtpsServer, 'port' | 'user' | 'password'>): FtpsSpec => ({
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
});

/** `start` is told the size of the file system that the drop shall have. */
export const ftpsStage = async (
  start: (size?: string) => Promise<FtpsServer>,
  changes: Partial<FtpsSpec> = {},
  size?: string,
): Promise<Stage> => {
  const server = await start(size);
  return {
    open: (more) => openDrop({ ...ftpsSpec(server), ...changes, ...more }),
    folder: server.folder,
    forbid: () => {
      chmodSync(server.folder, 0o555);
      return () => chmodSync(server.folder, 0o755);
    },
    small: () => ftpsStage(start, changes, '4m'),
    stop: () => server.stop(),
  };
};
