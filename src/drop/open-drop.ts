import type { Drop, DropSpec, Learned, OpenDrop } from './drop.ts';

/**
 * Opens a connection of the kind the spec asks for. Faults: see `DropCode`. Close what you opened. Each kind is loaded
 * when it is first used: most commands use none.
 */
export const openDrop: OpenDrop = async (
  spec: DropSpec,
  signal?: AbortSignal,
  known: Readonly<Learned> = {},
): Promise<Drop> => {
  switch (spec.kind) {
    case 'folder':
      return (await import('./folder/open.ts')).openFolder(spec);
    case 'sftp':
      return (await import('./sftp/open.ts')).openSftp(spec, signal, known);
    case 'ftps':
      return (await import('./ftps/open.ts')).openFtps(spec, signal, known);
    default:
      return spec satisfies never;
  }
};
