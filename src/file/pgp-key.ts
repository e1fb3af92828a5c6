import type { Key, PrivateKey, PublicKey, Subkey } from 'openpgp';

/** What is wrong with a key, and what to do about it. Neither holds any part of a private key or of its passphrase. */
export interface PgpKeyProblem {
  message: string;
  hint: string;
  /** Whether the passphrase is to blame, not the key. */
  of: 'key' | 'passphrase';
  /** Whether the key was good once. */
  ended: boolean;
}

/** A key that may be used now. */
export interface UsableKey<K> {
  key: K;
  /** Upper-case hex. */
  fingerprint: string;
  /** From then on it cannot be used, milliseconds; Infinity: never. */
  expires: number;
}

export type KeyRead<K> = { usable: UsableKey<K> } | { problem: PgpKeyProblem };

type Use = 'encrypt' | 'sign';

const hints = {
  encrypt: 'give the public key of the partner, as "gpg --armor --export NAME" writes it',
  sign: 'give your private key, as "gpg --armor --export-secret-keys NAME" writes it',
};
const renew = {
  encrypt: 'ask the partner for the renewed or new public key, and put it into this file',
  sign: 'prolong it with "gpg --quick-set-expire", or make a new one; give the partner its public key',
};

/** Thrown and caught in this file only. */
class Unusable extends Error {
  readonly problem: PgpKeyProblem;
  constructor(message: string, hint: string, more: Partial<PgpKeyProblem> = {}) {
    super(message);
    this.problem = { message, hint, of: 'key', ended: false, ...more };
  }
}

const day = (time: Date): string => time.toISOString().slice(0, 10);

const fingerprintOf = (key: Key): string => key.getFingerprint().toUpperCase();

const parse = async (text: string, use: Use): Promise<Key> => {
  const { readKeys } = await import('openpgp'); // some 25 MB and 100 ms, which nobody without keys should pay
  const isArmored = text.includes('-----BEGIN PGP');
  const reading = isArmored ? readKeys({ armoredKeys: text }) : readKeys({ binaryKeys: Buffer.from(text, 'latin1') });
  const [key, ...others] = await reading.catch(() => []);
  if (!key) throw new Unusable('this is not a PGP key that can be read', hints[use]);
  if (others.length === 0) return key;
  const fingerprints = [key, ...others].map(fingerprintOf).join(', ');
  throw new Unusable(`there are ${others.length + 1} keys in it: ${fingerprints}`, 'one key for each file');
};

const refuseWrongHalf = (key: Key, use: Use): void => {
  if (use === 'encrypt' && key.isPrivate())
    throw new Unusable(
      `the key ${fingerprintOf(key)} is a private one`,
      `${hints.encrypt}; and keep the private one away from here`,
    );
  if (use === 'sign' && !key.isPrivate())
    throw new Unusable(`the key ${fingerprintOf(key)} is a public one`, hints.sign);
};

/** Whether the newest signature that binds the subkey says that it is for this use. */
const isMeantFor = (subkey: Subkey, use: Use): boolean => {
  const newest = subkey.bindingSignatures.toSorted((a, b) => Number(b.created) - Number(a.created))[0];
  return ((newest?.keyFlags?.[0] ?? 0) & (use === 'encrypt' ? 0x0c : 0x02)) !== 0; // RFC 9580, 5.2.3.29
};

/** Refuses a key, or a subkey, of which the dates say that it is no good now. */
const refuseByDate = async (key: Key | Subkey, name: string, use: Use, now: number): Promise<void> => {
  const [revocation] = key.revocationSignatures;
  if (revocation) {
    const since = revocation.created ? ` on ${day(revocation.created)}` : '';
    throw new Unusable(`${name} was revoked${since}`, renew[use], { ended: true });
  }
  if (Number(key.getCreationTime()) > now) {
    const hint = "check the clock of this machine, and of the key's owner";
    const from = key.getCreationTime().toISOString().replace('.000', '');
    throw new Unusable(`${name} is not valid before ${from}`, hint);
  }
  const expires = await expiryOf(key);
  if (expires <= now) throw new Unusable(`${name} expired on ${day(new Date(expires))}`, renew[use], { ended: true });
};

/** What a renewal says counts, however old the key. A key without any valid signature of its own never expires, but is of no use either. */
const expiryOf = async (key: Key | Subkey): Promise<number> => Number((await key.getExpirationTime()) ?? Infinity);

/** The part of the key that does the work: for `encrypt` as a rule a subkey. */
const workingKey = async (key: Key, use: Use, now: number): Promise<Key | Subkey> => {
  const name = `the key ${fingerprintOf(key)}`;
  await refuseByDate(key, name, use, now);
  const date = new Date(now);
  try {
    return await (use === 'encrypt' ? key.getEncryptionKey(undefined, date) : key.getSigningKey(undefined, date));
  } catch (error) {
    const meant = key.subkeys.filter((subkey) => isMeantFor(subkey, use));
    const subkeyFor = { encrypt: 'the encryption subkey', sign: 'the signing subkey' }[use];
    for (const subkey of meant) await refuseByDate(subkey, `${subkeyFor} of ${name}`, use, now);
    const reason = String(error instanceof Error ? error.message : error).replace(/^.*key packet in key \w+: ?/, '');
    const cannot = { encrypt: 'nothing can be encrypted to', sign: 'nothing can be signed with' }[use];
    const why = reason === '' || /Could not find/.test(reason) ? 'it has no part for that' : reason;
    throw new Unusable(`${cannot} ${name}: ${why}`, hints[use]);
  }
};

const judged = async <K>(work: () => Promise<UsableKey<K>>): Promise<KeyRead<K>> => {
  try {
    return { usable: await work() };
  } catch (error) {
    if (error instanceof Unusable) return { problem: error.problem };
    throw error;
  }
};

const open = async <K extends Key>(text: string, use: Use, now: number) => {
  const key = await parse(text, use);
  refuseWrongHalf(key, use);
  const working = await workingKey(key, use, now);
  const expires = Math.min(await expiryOf(key), await expiryOf(working));
  return { working, usable: { key: key as unknown as K, fingerprint: fingerprintOf(key), expires } };
};

/** A partner's public key, armored or binary (a character for each byte), if files can be encrypted to it at `now` (ms). */
export const openRecipient = (text: string, now: number): Promise<KeyRead<PublicKey>> =>
  judged(async () => (await open<PublicKey>(text, 'encrypt', now)).usable);

/** Our private key, armored, unlocked, if files can be signed with it at `now` (ms). Takes some 100 ms where there is a passphrase. */
export const openSigner = (text: string, passphrase: string | undefined, now: number): Promise<KeyRead<PrivateKey>> =>
  judged(async () => {
    const { working, usable } = await open<PrivateKey>(text, 'sign', now);
    await unlock(working, usable.fingerprint, passphrase);
    return usable;
  });

/** Only the part that signs: unlocking each part takes as long again, and holds everything else up. */
const unlock = async ({ keyPacket }: Key | Subkey, name: string, passphrase: string | undefined): Promise<void> => {
  if (!('isDummy' in keyPacket) || keyPacket.isDummy())
    throw new Unusable(`the part of the key ${name} that signs is not in it`, hints.sign);
  if (keyPacket.isDecrypted()) return;
  if (passphrase === undefined)
    throw new Unusable(`the key ${name} is locked and there is no passphrase`, 'add passphrase: {env: NAME}');
  await keyPacket.decrypt(passphrase).catch(() => {
    throw new Unusable(`the passphrase does not open the key ${name}`, 'check the passphrase', { of: 'passphrase' });
  });
};
