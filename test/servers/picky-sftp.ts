import { closeSync, lstatSync, openSync, renameSync, rmSync, statSync, writeSync, type Stats } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';
import { readHostKey } from '../../src/drop/sftp/host-key.ts';
import { sshKeyPair } from '../ssh-keys.ts';

/** A small SFTP server that takes one write at a time and fails all others, as some appliances do. Any password will do. */
export interface PickySftp {
  port: number;
  fingerprint: string;
  /** Writes it has failed because another was in flight. */
  failed(): number;
  /** Files opened for writing so far. */
  opened(): number;
  close(): Promise<void>;
}

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

const attributes = (found: Stats): Attributes => ({
  mode: found.mode,
  uid: found.uid,
  gid: found.gid,
  size: found.size,
  atime: Math.floor(found.atimeMs / 1000),
  mtime: Math.floor(found.mtimeMs / 1000),
});

export const startPickySftp = async (folder: string): Promise<PickySftp> => {
  const hostKey = sshKeyPair();
  const publicKey = ssh2.utils.parseKey(hostKey.public);
  if (publicKey instanceof Error) throw publicKey;
  let failed = 0;
  let opened = 0;
  const serve = (sftp: SFTPWrapper): void => {
    let busy = false;
    const path = (name: string) => join(folder, name);
    const attempt = (id: number, work: () => void) => {
      try {
        work();
      } catch (error) {
        const missing = (error as { code?: string }).code === 'ENOENT';
        sftp.status(id, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE);
      }
    };
    const done = (id: number, work: () => void) =>
      attempt(id, () => {
        work();
        sftp.status(id, STATUS_CODE.OK);
      });
    const descriptor = (handle: Buffer) => handle.readUInt32BE(0);
    sftp.on('OPEN', (id, name, flags) =>
      attempt(id, () => {
        const writing = (flags & OPEN_MODE.WRITE) !== 0;
        if (writing) opened++;
        const handle = Buffer.alloc(4);
        handle.writeUInt32BE(openSync(path(name), writing ? 'w' : 'r'));
        sftp.handle(id, handle);
      }),
    );
    sftp.on('WRITE', (id, handle, offset, data) => {
      if (busy) {
        failed++;
        sftp.status(id, STATUS_CODE.FAILURE);
        return;
      }
      busy = true;
      setImmediate(() => {
        busy = false;
        done(id, () => void writeSync(descriptor(handle), data, 0, data.length, offset));
      });
    });
    sftp.on('CLOSE', (id, handle) => done(id, () => closeSync(descriptor(handle))));
    sftp.on('STAT', (id, name) => attempt(id, () => sftp.attrs(id, attributes(statSync(path(name))))));
    sftp.on('LSTAT', (id, name) => attempt(id, () => sftp.attrs(id, attributes(lstatSync(path(name))))));
    sftp.on('REMOVE', (id, name) => done(id, () => rmSync(path(name))));
    sftp.on('RENAME', (id, from, to) => done(id, () => renameSync(path(from), path(to))));
  };
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('ready', () => client.on('session', (accept) => accept().on('sftp', (open) => serve(open()))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fingerprint: readHostKey(publicKey.getPublicSSH()).fingerprint,
    failed: () => failed,
    opened: () => opened,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
};
