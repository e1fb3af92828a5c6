import { isPartial, type FtpsSpec, type Learned } from '../drop.ts';
import type { Step } from '../fault-table.ts';
import type { Link } from './link.ts';

/** A drop at an FTPS server. */
export interface Place {
  spec: FtpsSpec;
  /** The connection; another one takes its place when an upload has outlived it. */
  link: Link;
  /** A further connection, signed in and in the folder. */
  again(): Promise<Link>;
  learned: Learned;
  path(name: string): string;
  step(operation: string, name: string): Step;
}

/** A folder as the server shall see it: relative ones start where the server puts the user. */
const asFolder = (folder: string): string => folder.replace(/(?<=.)\/+$/, '') || '.';

export const folderOf = (spec: FtpsSpec): string => asFolder(spec.folder);

/** Where files in flight lie. */
export const partialFolderOf = (spec: FtpsSpec): string => asFolder(spec.partialFolder ?? spec.folder);

/** A step that is about a folder of the drop, not about a file in it. */
export const onFolder = (spec: FtpsSpec, operation: string, folder = folderOf(spec)): Step => ({
  operation,
  object: `${folder} at ${spec.name}`,
  inFolder: false,
});

export const onFile = (spec: FtpsSpec, operation: string, name: string): Step => ({
  operation,
  object: `${name} at ${spec.name}`,
  inFolder: true,
});

/**
 * A name as a command gives it, from within the drop's folder. Servers strip leading spaces, and some take a leading
 * `-` for an option and `~` for a home.
 */
export const pathOf = (spec: FtpsSpec, home: string, name: string): string => {
  const folder = partialFolderOf(spec);
  if (!isPartial(name) || folder === folderOf(spec)) return /^[\s~-]/.test(name) ? `./${name}` : name;
  if (folder.startsWith('/')) return `${folder === '/' ? '' : folder}/${name}`;
  return `${home === '/' ? '' : home}/${folder === '.' ? '' : `${folder}/`}${name}`;
};
