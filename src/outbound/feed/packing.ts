import { Fault } from '../../fault.ts';
import { gzip } from '../../file/gzip.ts';
import { type KeyRead, openRecipient, openSigner, type UsableKey } from '../../file/pgp-key.ts';
import { pgp, type PgpKeys } from '../../file/pgp.ts';
import type { Stage } from '../../file/stage.ts';
import { zip } from '../../file/zip.ts';
import type { Encrypt, Feed, FileSpec, Format } from './feed.ts';
import { namesOf } from './file-names.ts';
import type { Encryption } from './layout.ts';

/** How a feed's files are packed, with the keys open. */
export interface Packing {
  /** What the bytes of one file pass, by its final name. */
  stages(fileName: string): Stage[];
  /** What of it is kept with the batch. */
  kept: { encryption?: Encryption };
}

/** The time that is written into archives (`due`: a run that is repeated after a crash writes the same), and now; milliseconds. */
export interface PackingTimes {
  due: number;
  now: number;
}

/** For the file inside `acme_1.zip`, which has no name of its own. */
const extensions: Record<Format, string> = { csv: '.csv', fixed: '.txt', ndjson: '.ndjson' };
const hasExtension = /\.[A-Za-z0-9]{1,12}$/;

/**
 * Opens the feed's keys as of now. Throws Fault `pgp-key` (hold) when one of them can no longer be used: nothing is
 * written then, and the run is taken up again with the new key.
 */
export const openPacking = async (feed: Feed, { due, now }: PackingTimes): Promise<Packing> => {
  const { file } = feed;
  const opened = file.encrypt && (await openKeys(feed.name, file.encrypt, now));
  return {
    stages: (fileName) => {
      const { plain, compressed } = namesOf(file, fileName);
      const entry = hasExtension.test(plain) ? plain : plain + extensions[file.format ?? 'csv'];
      const encrypt = opened ? [pgp(opened.keys, { name: compressed, time: now })] : [];
      return [...compression(file.compress, entry, due), ...encrypt];
    },
    kept: opened ? { encryption: opened.encryption } : {},
  };
};

const compression = (compress: FileSpec['compress'], name: string, time: number): Stage[] => {
  switch (compress) {
    case 'none':
      return [];
    case 'gzip':
      return [gzip];
    case 'zip':
      return [zip({ name, time })];
    default:
      return compress satisfies never;
  }
};

const openKeys = async (
  feed: string,
  { recipients, sign }: Encrypt,
  now: number,
): Promise<{ keys: PgpKeys; encryption: Encryption }> => {
  const use = <K>(read: KeyRead<K>): UsableKey<K> => {
    if ('usable' in read) return read.usable;
    const { message, hint } = read.problem;
    throw new Fault({
      operation: 'encrypt a file of',
      object: feed,
      reason: message,
      hint: `nothing is lost: ${hint}; then reload (SIGHUP), and the run goes on by itself`,
      next: 'hold',
      code: 'pgp-key',
    });
  };
  const theirs = await Promise.all(recipients.map(async ({ key }) => use(await openRecipient(key, now))));
  const ours = sign && use(await openSigner(sign.key.reveal(), sign.passphrase?.reveal(), now));
  return {
    keys: { recipients: theirs.map(({ key }) => key), ...(ours && { signer: ours.key }) },
    encryption: {
      recipients: theirs.map(({ fingerprint }) => fingerprint),
      ...(ours && { signer: ours.fingerprint }),
    },
  };
};
