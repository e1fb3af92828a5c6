import { DropFault, isPartial, type Learned, type SftpSpec } from '../drop.ts';
import type { Step } from '../fault-table.ts';
import type { Link } from './link.ts';

/** A drop at an SFTP server, over one connection. */
export interface Place {
  spec: SftpSpec;
  link: Link;
  /** What the connection finds out; known from earlier ones to begin with. */
  learned: Learned;
  /** Bytes of files just written, where the server said so before they were closed. */
  written: Map<string, number>;
  path(name: string): string;
  step(operation: string, name: string): Step;
}

/** A folder as the server shall see it: relative ones start where the server puts the user. */
const asFolder = (folder: string): string => folder.replace(/(?<=.)\/+$/, '') || '.';

export const folderOf = (spec: SftpSpec): string => asFolder(spec.folder);

/** Where files in flight lie. */
export const partialFolderOf = (spec: SftpSpec): string => asFolder(spec.partialFolder ?? spec.folder);

/** Also for what is left of a partial name: it lies where that name lay. */
const pathIn = (spec: SftpSpec, name: string): string => {
  const folder = isPartial(name) ? partialFolderOf(spec) : folderOf(spec);
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
};

export const makeSftpPlace = (spec: SftpSpec, link: Link, learned: Learned): Place => ({
  spec,
  link,
  learned,
  written: new Map(),
  path: (name) => pathIn(spec, name),
  step: (operation, name) => ({ operation, object: `${name} at ${spec.name}`, inFolder: true }),
});

/** A step that is about a folder of the drop, not about a file in it. */
export const onFolder = (spec: SftpSpec, operation: string, folder = folderOf(spec)): Step => ({
  operation,
  object: `${folder} at ${spec.name}`,
  inFolder: false,
});

/** The status with which the server answered; undefined when it was not the server who said no. */
export const statusOf = (error: unknown): number | undefined => {
  const code = error instanceof DropFault ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'number' ? code : undefined;
};

/**
 * Whether the server declines to do this for us, as against doing it and failing: permission denied (3), not offered (8)
 * and, as some say it, not understood (5).
 */
export const declines = (error: unknown): boolean => [3, 5, 8].includes(statusOf(error) ?? -1);

export const unlessMissing = (error: unknown): undefined => {
  if (error instanceof DropFault && error.code === 'missing') return undefined;
  throw error;
};
