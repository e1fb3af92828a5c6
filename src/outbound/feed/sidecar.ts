import { exponentOf, formatDigits } from '../../money.ts';
import { asFault } from '../../fault.ts';
import { sha256 } from '../../file/digest.ts';
import type { SafeName } from '../../safe-name.ts';
import type { Spool } from '../../store/spool.ts';
import type { Companion } from './batch.ts';
import type { BatchNames } from './file-names.ts';
import type { CurrencySum } from './render-message.ts';

/** What a sidecar says about one file. */
export interface FileFacts {
  fileName: string;
  rows: number;
  bytes: number;
  sha256: string;
}

/** What a manifest says about a batch. */
export interface ManifestFacts {
  feed: string;
  number: number | null;
  /** All files with rows, the batch's own first. */
  files: readonly FileFacts[];
  /** Whether the feed's batches may have several; the manifest then always lists them. */
  split: boolean;
  /** Of all files. */
  rows: number;
  from: number | null;
  to: number | null;
  sums: CurrencySum[];
  /** The feed's batch before this one; null for the first. */
  previous: { number: number; sha256: string } | null;
}

/**
 * The manifest: JSON that lets a partner check the file and, by the digest of the batch before, that none is missing.
 * Amounts are decimals of their currency, as text. Of a split batch `parts` lists every file; `file`, `bytes` and `sha256`
 * are then the first file's, `rows` and `sums` those of all.
 */
export const manifestText = (facts: ManifestFacts): string => {
  const sums = facts.sums.map(({ currency, rows, amount, delta }) => ({
    currency,
    rows,
    amount: formatDigits(amount, exponentOf(currency)),
    ...(delta !== undefined && { delta: formatDigits(delta, exponentOf(currency)) }),
  }));
  const parts = facts.files.map(({ fileName: file, rows, bytes, sha256: digest }) => ({
    ...{ file, rows, bytes },
    sha256: digest,
  }));
  const manifest = {
    feed: facts.feed,
    number: facts.number,
    file: parts[0]?.file,
    rows: facts.rows,
    bytes: parts[0]?.bytes,
    sha256: parts[0]?.sha256,
    ...(facts.split && { parts }),
    watermark: { from: facts.from, to: facts.to },
    sums,
    previous: facts.previous,
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
};

/** One line for each file, as `sha256sum -c` reads it. */
export const digestText = (files: readonly FileFacts[]): string =>
  files.map(({ sha256: digest, fileName }) => `${digest}  ${fileName}\n`).join('');

/** Writes a companion's bytes into the spool. */
export const spoolCompanion = async (
  spool: Spool,
  kind: Companion['kind'],
  fileName: SafeName,
  text: string,
): Promise<Companion> => {
  const bytes = Buffer.from(text);
  const draft = await spool.draft();
  await draft.handle.writeFile(bytes).catch(async (error: unknown) => {
    await draft.drop();
    throw asFault(error, 'write to the spool', fileName);
  });
  return { kind, fileName, spool: await draft.keep(), bytes: bytes.length, sha256: sha256(bytes) };
};

/** The companions that the feed asks for, in order of upload: the sidecar beside the file, and last the marker. */
export const makeCompanions = async (
  spool: Spool,
  kind: 'none' | 'sha256' | 'manifest',
  { sidecar, marker }: BatchNames,
  facts: ManifestFacts,
): Promise<Companion[]> => {
  const companions: Companion[] = [];
  if (kind !== 'none' && sidecar !== undefined) {
    const text = kind === 'sha256' ? digestText(facts.files) : manifestText(facts);
    companions.push(await spoolCompanion(spool, kind, sidecar, text));
  }
  if (marker !== undefined) companions.push(await spoolCompanion(spool, 'marker', marker, ''));
  return companions;
};
