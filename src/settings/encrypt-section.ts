import { z } from 'zod';
import { type KeyRead, openRecipient, openSigner } from '../file/pgp-key.ts';
import type { Encrypt } from '../outbound/feed/feed.ts';
import type { Secret } from '../secret.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { bytesIn, reveal, secretSource } from './secret-source.ts';
import { read, strict, text } from './shape.ts';

const shape = strict({ pgp: z.array(z.unknown()).min(1), sign: z.unknown().optional() });
const recipientShape = strict({ file: text('keys/partner.asc') });
const signShape = strict({ key: secretSource, passphrase: secretSource.optional() });

/** A feed that sends nothing any more may keep keys that have ended. */
const isRetired = ({ raw }: Reading, [feeds = '', feed = '']: Path): boolean =>
  [true, 'yes'].includes(valueAt(raw, [feeds, feed, 'retired']) as boolean | string);

/** Opening a key takes a while, and shows more than its file: done when everything else has been read. */
const checkLater = (reading: Reading, path: Path, passphrase: Path, open: () => Promise<KeyRead<unknown>>): void => {
  if (isRetired(reading, path)) return;
  reading.later.push(async () => {
    const found = await open();
    if ('usable' in found) return;
    const { message, hint, of, ended } = found.problem;
    const meanwhile = ended ? '; until it is there, "retired: true" for this feed lets all others run' : '';
    report(reading, of === 'key' ? path : passphrase, message, hint + meanwhile);
  });
};

const recipient = (reading: Reading, path: Path): Encrypt['recipients'][number] | undefined => {
  const file = read(reading, path, recipientShape).whole?.file;
  const key = file === undefined ? undefined : bytesIn(reading, [...path, 'file'], file)?.toString('latin1');
  if (file === undefined || key === undefined) return undefined;
  checkLater(reading, [...path, 'file'], [], () => openRecipient(key, reading.now));
  return { file, key };
};

const signer = (reading: Reading, path: Path): Encrypt['sign'] => {
  const { good, whole } = read(reading, path, signShape);
  const key = reveal(reading, [...path, 'key'], good.key);
  const passphrase = reveal(reading, [...path, 'passphrase'], good.passphrase);
  if (!whole || !key || (whole.passphrase && !passphrase)) return undefined;
  const open = (secret: Secret) => openSigner(secret.reveal(), passphrase?.reveal(), reading.now);
  checkLater(reading, [...path, 'key'], [...path, 'passphrase'], () => open(key));
  return { key, ...(passphrase && { passphrase }) };
};

/** Reads `file.encrypt` at `path`; undefined when there is none, or something in it is wrong. */
export const readEncryptSection = (reading: Reading, path: Path): Encrypt | undefined => {
  const raw = valueAt(reading.raw, path);
  if (raw === undefined || raw === 'none') return undefined;
  const { good } = read(reading, path, shape);
  const recipients = (good.pgp ?? []).map((_, index) => recipient(reading, [...path, 'pgp', index]));
  const sign = valueAt(raw, ['sign']) === undefined ? undefined : signer(reading, [...path, 'sign']);
  return { recipients: recipients.filter((one) => one !== undefined), ...(sign && { sign }) };
};
