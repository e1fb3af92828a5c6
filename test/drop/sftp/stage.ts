import { chmodSync, readFileSync } from 'node:fs';
import type { SftpSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { Secret } from '../../../src/secret.ts';
import type { Sshd } from '../../servers/sshd.ts';
import type { Stage } from '../stage.ts';

/** OpenSSH, where the user has a key; or another server, with a password (any will do at a scripted one). */
export type SftpServer =
  | Pick<Sshd, 'port' | 'user' | 'keys' | 'fingerprints'>
  | { port: number; fingerprint: string; user?: string; password?: string };

type SignIn = Pick<SftpSpec, 'user' | 'hostKeys' | 'key' | 'password'>;

const signIn = (server: SftpServer): SignIn =>
  'keys' in server
    ? {
        user: server.user,
        key: new Secret(readFileSync(server.keys.plain, 'utf8')),
        hostKeys: [server.fingerprints().ed25519],
      }
    : {
        user: server.user ?? 'anybody',
        password: new Secret(server.password ?? 'anything'),
        hostKeys: [server.fingerprint],
      };

/** A drop at an SFTP server of the tests, whose host key is pinned. */
export const sftpSpec = (server: SftpServer, changes: Partial<SftpSpec> = {}): SftpSpec => ({
  kind: 'sftp',
  name: 'acme-sftp',
  host: '127.0.0.1',
  port: server.port,
  ...signIn(server),
  folder: '/in',
  concurrency: 16,
  stepTimeout: 5_000,
  replace: false,
  ...changes,
});

/** `start` is told the size of the file system that the drop shall have. */
export const sftpStage = async (
  start: (size?: string) => Promise<SftpServer & { folder: string; stop(): Promise<void> }>,
  changes: Partial<SftpSpec> = {},
  size?: string,
): Promise<Stage> => {
  const server = await start(size);
  return {
    open: (more) => openDrop({ ...sftpSpec(server, changes), ...more }),
    folder: server.folder,
    forbid: () => {
      chmodSync(server.folder, 0o555);
      return () => chmodSync(server.folder, 0o755);
    },
    small: () => sftpStage(start, changes, '4m'),
    stop: () => server.stop(),
  };
};
