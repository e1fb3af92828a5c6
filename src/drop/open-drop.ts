import type { Drop, DropSpec, Learned, OpenDrop } from './drop.ts';
import { openFolder } from './folder/open.ts';
import { openFtps } from './ftps/open.ts';
import { openSftp } from './sftp/open.ts';

/** Opens a connection of the kind the spec asks for. Faults: see `DropCode`. Close what you opened. */
export const openDrop: OpenDrop = (
  spec: DropSpec,
  signal?: AbortSignal,
  known: Readonly<Learned> = {},
): Promise<Drop> => {
  switch (spec.kind) {
    case 'folder':
      return openFolder(spec);
    case 'sftp':
      return openSftp(spec, signal, known);
    case 'ftps':
      return openFtps(spec, signal, known);
    default:
      return spec satisfies never;
  }
};
