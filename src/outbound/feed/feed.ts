import type { Encoding } from '../../file/encoding.ts';
import type { Secret } from '../../secret.ts';

/** Which transactions a feed holds. `undefined` means all. */
export interface Selection {
  eventTypes?: number[];
  campaigns?: string[];
}

/** One rule of a custom field: the first that fits gives the value. */
export type WhenRule = { equals: string; give: string } | { contains: string; give: string };

/** A column of a partner's file. Exactly one of `field` and `value`. */
export interface Column {
  header: string;
  /** A field of the ledger (`ledger/field.ts`), `custom.NAME`, or in `include: changes` also `change`, `delta`, `sequence`, `changedAt`, `reason`. */
  field?: string;
  /** A constant. */
  value?: string;
  as?: 'sha256';
  /** A date pattern (`zoned-time.ts`), written in the feed's zone. Only for instants. */
  format?: string;
  when?: WhenRule[];
  /** The value when the source is empty. */
  empty?: string;
  /** The value when no rule of `when` fits; without it the source stays. */
  otherwise?: string;
  /** Fixed-width files only, and needed there: characters (`file/fixed-width.ts`). */
  width?: number;
  align?: 'left' | 'right';
  pad?: string;
  overflow?: 'refuse' | 'cut';
}

/** `fixed`: every column as wide as it says; `ndjson`: a JSON object a line. */
export type Format = 'csv' | 'fixed' | 'ndjson';

/** OpenPGP keys as they stand in their files. */
export interface Encrypt {
  /** Public keys, armored or binary, a character for each byte; `file` names each for messages. */
  recipients: { file: string; key: string }[];
  /** An armored private key. */
  sign?: { key: Secret; passphrase?: Secret };
}

export interface FileSpec {
  /** Template, e.g. `acme_{due:yyyyMMdd}_{number:06}.csv` (see `file/name-template.ts`). */
  name: string;
  /** CSV without it. */
  format?: Format;
  /** Of CSV. */
  delimiter: ',' | ';' | '\t' | '|';
  /** Every value of a CSV file in quotes; only where it has to be without it. */
  quote?: 'always';
  lineEnd: '\r\n' | '\n';
  header: boolean;
  bom: boolean;
  /** UTF-8 without it. */
  encoding?: Encoding;
  compress: 'none' | 'gzip' | 'zip';
  /** Without it files are not encrypted. */
  encrypt?: Encrypt;
  guardFormulas: 'off' | 'text';
  sidecar: 'none' | 'sha256' | 'manifest';
  /** A batch of more rows than this becomes several files; the name's template then has `{part}`. */
  split?: { rows: number };
  /** Template of an empty file that is sent last and says that the others are whole, e.g. `{name}.done`; none without it. */
  marker?: string;
  columns: Column[];
}

/** From when on a batch waits for a person: more than one of these; exactly as much is not. At least one is there. */
export interface HoldBounds {
  rowsOver?: number;
  /** By currency, minor units as decimal digits. A currency that is not here has no bound. */
  amountOver?: Readonly<Record<string, string>>;
}

/** A partner's standing order. */
export interface Feed {
  name: string;
  partner: string;
  /** Cron expression of five fields, read in `timezone`. */
  schedule: string;
  timezone: string;
  catchUp: 'once' | 'skip';
  startAt: 'beginning' | 'now';
  include: 'new' | 'changes';
  selection: Selection;
  file: FileSpec;
  empty: 'skip' | 'header-only';
  order: 'strict' | 'free';
  /** Names of the partner's drops. */
  drops: string[];
  /** Batches beyond these wait for a person; none does without it. */
  hold?: HoldBounds;
  /** What to do with older transactions that a widened selection newly holds. */
  backfill?: boolean;
  /** The feed's earlier name, whose history it goes on with. */
  formerly?: string;
  /** How long after its due time a file of this feed is late, milliseconds; without it what holds for all. */
  late?: number;
  retired: boolean;
}
