import type { Digest } from './digest.ts';
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
  /**
   * Off: the server cannot rename. Files are then written under their final name, and only a marker, sent last, says
   * that they are whole. On by default.
   */
  rename?: boolean;
  /** Folder for files in flight, on the file system of `folder`; by default they lie beside the final name. */
  partialFolder?: string;
  /**
   * How a file is found whole before its rename and after it: by its size (the default), by reading it back, or not at
   * all where a server lets nobody look.
   */
  confirm?: 'size' | 'digest' | 'none';
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

export interface FtpsSpec extends DropOptions {
  kind: 'ftps';
  name: string;
  host: string;
  port: number;
  /** `explicit`: AUTH TLS on a plain control connection; `implicit`: TLS from the first byte. */
  mode: 'explicit' | 'implicit';
  user: string;
  password: Secret;
  /** PEM of the authorities to trust instead of the system's. */
  ca?: string;
  /** Pinned certificates, `SHA256:…` of the DER form in base64 without padding; they stand instead of name and authority. */
  certificates?: string[];
  tls: { min: TlsVersion; max: TlsVersion };
  /** Remote folder. */
  folder: string;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export type DropSpec = FolderSpec | SftpSpec | FtpsSpec;

/** What connections have found out about a server; kept by the caller, shown to people, and given to the next connection. */
export interface Learned {
  /** What the server says it is. */
  software?: string;
  /** `one`: it refuses several writes in flight. */
  writes?: 'one' | 'many';
  /** How a file is found: asked for by name, in the list of its folder, by reading it, or not at all. */
  looks?: 'by name' | 'by list' | 'by reading' | 'not';
  /** What it does with a rename onto a name that exists. */
  renames?: 'refuses' | 'replaces';
  /** Whether it makes bytes last when asked. */
  syncs?: boolean;
  /** `folded`: names that differ in case only are one name. */
  names?: 'exact' | 'folded';
  /** FTPS: the version agreed on, whether the data connections took up the session, and how they were opened. */
  tls?: TlsVersion;
  session?: 'reused' | 'new';
  passive?: string;
}

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
  /**
   * The name while bytes are in flight; carries the attempt and is never reused. The final name itself for a straight
   * write, where the drop cannot rename.
   */
  partial: SafeName;
  /** For a straight write: an earlier attempt of ours began it, so what lies under the name is ours to write over. */
  begun?: boolean;
  /** Local path of the bytes. */
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** Of the bytes at `path`, begun before; who began it stops it. Without it they are hashed as they are read. */
  digest?: Digest;
}

export interface PutSteps {
  /** Called when all bytes are at the drop under the partial name and their size is right. */
  uploaded?(): Promise<void> | void;
  /** Awaited before the rename is sent (a straight write: before the file is opened); when it rejects, nothing is renamed. */
  renaming(): Promise<void> | void;
  /** Called when the server has answered yes to the rename (a straight write: when the file is whole). */
  renamed?(): Promise<void> | void;
  /** Bytes the drop has taken so far. */
  progress?(bytes: number): void;
}

/**
 * How the file was seen under its final name after the rename: `size` it is there and its size is right; `digest` it was
 * read back; `no` it was already gone (a partner who takes files at once); `unchecked` the server lets nobody look.
 */
export type Seen = 'digest' | 'size' | 'no' | 'unchecked';

/**
 * A connection to the place where a partner finds files. It knows names and bytes only. One connection serves one
 * attempt; it is opened with `openDrop` and closed in `finally`. Every step has a deadline. Every failure is a DropFault.
 */
export interface Drop {
  /** Where this is, without credentials: `sftp://user@host:port/folder`, `file:///path`. Compared across attempts. */
  readonly place: string;
  /** What this connection has found out so far. */
  readonly learned: Readonly<Learned>;
  /**
   * Atomic and verified. Uploads under the partial name, checks the size, says `renaming`, renames, looks at the final
   * name. Refuses an existing final name with `taken` unless `replace` is on. After a failure before the rename the
   * partial file is removed as far as the connection allows. A failure of the rename without an answer is
   * `unknown-outcome`: look before doing anything else. A file whose partial name is its final name is written straight.
   */
  put(file: Outgoing, steps: PutSteps): Promise<Seen>;
  /** The files in the folder (no folders). */
  list(): Promise<Entry[]>;
  /**
   * One file by name; undefined when it is not there. A partial name that is there was never published. Where a file must
   * be read to be seen, reading stops past `most` bytes (a million when it is not said), and that is the size then told.
   */
  look(name: SafeName, most?: number): Promise<Entry | undefined>;
  /** The bytes of one file; `missing` when it is not there. */
  fetch(name: SafeName): Promise<Readable>;
  /** Removes one file, a partial one with what was left of its publishing; not an error when it is not there. */
  remove(name: SafeName): Promise<void>;
  /** Never throws; may be called twice. */
  close(): Promise<void>;
}

/**
 * Opens a connection, signed in and with the folder found. When `signal` fires it ends at once, also while it is made.
 * `known` is what earlier connections have learned; it saves tries that would fail.
 */
export type OpenDrop = (spec: DropSpec, signal?: AbortSignal, known?: Readonly<Learned>) => Promise<Drop>;

/** The words for what can go wrong at a drop. */
export type DropCode =
  | 'unreachable' // no route, refused, name not found
  | 'timeout' // a step met its deadline
  | 'cut' // the connection ended in the middle
  | 'host-key' // the server showed a key that is not pinned; no credentials were sent
  | 'certificate' // the server's certificate is not valid, not for this host, or not pinned; no credentials were sent
  | 'tls' // no TLS, or no version or session reuse that both sides accept
  | 'busy' // the server has as many sessions as it allows
  | 'sign-in' // user, password or key not accepted
  | 'folder' // the folder is missing or is not a folder
  | 'denied' // permission denied
  | 'taken' // the final name exists
  | 'missing' // the file asked for is not there
  | 'disk-full' // no space or quota left
  | 'blind' // the server lets nobody look whether a file is there
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
    case 'ftps':
      return `ftps://${spec.user}@${spec.host}:${spec.port}${spec.folder.startsWith('/') ? '' : '/~/'}${spec.folder}`;
    default:
      return spec satisfies never;
  }
};

/**
 * The name that a file which is replaced may have for a moment, where a server refuses a rename onto it; a crash in that
 * moment leaves it behind.
 */
export const asideName = (partial: string): string => `${partial}.old.part`;

/** Bytes that are read at most of a file whose size does not matter; a server may send without end. */
export const enoughRead = 1_000_000;

/** Whether this is a name of ours for bytes in flight: `.{name}.{attempt}.part`. Such a name lies in `partialFolder`. */
export const isPartial = (name: string): boolean => name.startsWith('.') && name.endsWith('.part');
