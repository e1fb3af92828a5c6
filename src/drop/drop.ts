import type { Readable } from 'node:stream';
import { Fault, type FaultDetails } from '../fault.ts';
import type { SafeName } from '../safe-name.ts';
import type { Secret } from '../secret.ts';

/** What every kind of drop has in common. */
export interface DropOptions {
  /** Writes in flight on one connection; 1 for servers that cannot pipeline. */
  concurrency: number;
  /** Milliseconds without progress after which a step is given up. */
  stepTimeout: number;
  /** Whether an existing final name may be replaced. Off: it is refused with `taken`. */
  replace: boolean;
}

export interface FolderSpec extends DropOptions {
  kind: 'folder';
  name: string;
  /** Absolute path. */
  folder: string;
}

export interface SftpSpec extends DropOptions {
  kind: 'sftp';
  name: string;
  host: string;
  port: number;
  user: string;
  password?: Secret;
  /** The private key itself (OpenSSH or PEM), not its path. */
  key?: Secret;
  passphrase?: Secret;
  /** Pinned host keys, `SHA256:…` as OpenSSH prints them; at least one. */
  hostKeys: string[];
  /** Remote folder. */
  folder: string;
}

export type DropSpec = FolderSpec | SftpSpec;

/** One file at the drop. */
export interface Entry {
  name: string;
  bytes: number;
  /** Milliseconds since 1970, where the server says. */
  modifiedAt?: number;
}

/** A local file to be put: exact bytes in the spool. */
export interface Outgoing {
  /** The final name. */
  name: SafeName;
  /** The name while bytes are in flight; carries the attempt and is never reused. */
  partial: SafeName;
  /** Local path of the bytes. */
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

export interface PutSteps {
  /** Called when all bytes are at the drop under the partial name and their size is right. */
  uploaded?(): Promise<void> | void;
  /** Awaited before the rename is sent; when it rejects, nothing is renamed. */
  renaming(): Promise<void> | void;
  /** Called when the server has answered yes to the rename. */
  renamed?(): Promise<void> | void;
  /** Bytes the drop has taken so far. */
  progress?(bytes: number): void;
}

/** How the file was seen under its final name after the rename: `size` it is there and its size is right; `no` it was already gone (a partner who takes files at once). */
export type Seen = 'size' | 'no';

/**
 * A connection to the place where a partner finds files. It knows names and bytes only. One connection serves one
 * attempt; it is opened with `openDrop` and closed in `finally`. Every step has a deadline. Every failure is a DropFault.
 */
export interface Drop {
  /** Where this is, without credentials: `sftp://user@host:port/folder`, `file:///path`. Compared across attempts. */
  readonly place: string;
  /**
   * Atomic and verified. Uploads under the partial name, checks the size, says `renaming`, renames, looks at the final
   * name. Refuses an existing final name with `taken` unless `replace` is on. After a failure before the rename the
   * partial file is removed as far as the connection allows. A failure of the rename without an answer is
   * `unknown-outcome`: look before doing anything else.
   */
  put(file: Outgoing, steps: PutSteps): Promise<Seen>;
  /** The files in the folder (no folders). */
  list(): Promise<Entry[]>;
  /** One file by name; undefined when it is not there. A partial name that is there was never published. */
  look(name: SafeName): Promise<Entry | undefined>;
  /** The bytes of one file; `missing` when it is not there. */
  fetch(name: SafeName): Promise<Readable>;
  /** Removes one file, a partial one with what was left of its publishing; not an error when it is not there. */
  remove(name: SafeName): Promise<void>;
  /** Never throws; may be called twice. */
  close(): Promise<void>;
}

/** Opens a connection, signed in and with the folder found. When `signal` fires it ends at once, also while it is made. */
export type OpenDrop = (spec: DropSpec, signal?: AbortSignal) => Promise<Drop>;

/** The words for what can go wrong at a drop. */
export type DropCode =
  | 'unreachable' // no route, refused, name not found
  | 'timeout' // a step met its deadline
  | 'cut' // the connection ended in the middle
  | 'host-key' // the server showed a key that is not pinned; no credentials were sent
  | 'sign-in' // user, password or key not accepted
  | 'folder' // the folder is missing or is not a folder
  | 'denied' // permission denied
  | 'taken' // the final name exists
  | 'missing' // the file asked for is not there
  | 'disk-full' // no space or quota left
  | 'size' // the size at the drop is not what was sent
  | 'unknown-outcome' // the rename was sent and no answer came
  | 'local' // our own spool file cannot be read
  | 'refused' // the server refused for a reason of its own, named in `reason`
  | 'unforeseen';

/** A failure at a drop: a Fault whose code is one of `DropCode`. */
export class DropFault extends Fault {
  declare readonly code: DropCode;
  constructor(details: FaultDetails & { code: DropCode }) {
    super(details);
  }
}

/** Where the drop is, without secrets; the user belongs to it, because a server may lock each user into a place of their own. */
export const placeOf = (spec: DropSpec): string => {
  switch (spec.kind) {
    case 'folder':
      return `file://${spec.folder}`;
    case 'sftp':
      return `sftp://${spec.user}@${spec.host}:${spec.port}${spec.folder.startsWith('/') ? '' : '/~/'}${spec.folder}`;
    default:
      return spec satisfies never;
  }
};
