import type { DropSpec, FtpsSpec, SftpSpec } from '../../src/drop/drop.ts';
import { Secret } from '../../src/secret.ts';
import { folderSpec } from './line.ts';

/** A drop at a server, as plain data that a child can be told. */
export interface ServerDrop {
  sftp?: Pick<SftpSpec, 'host' | 'port' | 'user' | 'hostKeys' | 'folder' | 'stepTimeout'> & { password: string };
  ftps?: Pick<FtpsSpec, 'host' | 'port' | 'mode' | 'user' | 'certificates' | 'folder' | 'stepTimeout'> & {
    password: string;
  };
}

/** The server's drop, or where there is none the folder itself. */
export const dropOf = ({ sftp, ftps }: ServerDrop, folder: string): DropSpec => {
  const common = { name: 'partner', concurrency: 8, replace: false };
  if (sftp) return { ...sftp, ...common, kind: 'sftp', password: new Secret(sftp.password) };
  if (!ftps) return folderSpec(folder);
  const tls = { min: 'TLSv1.2', max: 'TLSv1.3' } as const;
  return { ...ftps, ...common, kind: 'ftps', tls, password: new Secret(ftps.password) };
};
