import type { PrivateKey, PublicKey } from 'openpgp';
import type { Stage } from './stage.ts';

/** For whom a file is encrypted, and by whom it is signed. */
export interface PgpKeys {
  recipients: readonly PublicKey[];
  /** Unlocked. */
  signer?: PrivateKey;
}

/** What an encrypted file says inside: the name and time of what it holds, milliseconds. The time is also that of the signature. */
export interface PgpContent {
  name: string;
  time: number;
}

/** Larger blocks hold the event loop up for longer, and cost memory. */
const slice = 1 << 16;

async function* slices(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const { buffer, byteOffset, length } of bytes)
    for (let from = 0; from < length; from += slice)
      yield new Uint8Array(buffer, byteOffset + from, Math.min(slice, length - from));
}

/**
 * Encrypts to binary OpenPGP (RFC 9580), and signs inside where there is a signer. No two results are equal. Compression
 * is a step of its own before this one. Integrity protection is the one that every OpenPGP program reads (gpg 2.2 too),
 * and the newer one only where all recipients' keys ask for it.
 */
export const pgp = ({ recipients, signer }: PgpKeys, { name, time }: PgpContent): Stage =>
  async function* (bytes) {
    const { createMessage, encrypt, enums } = await import('openpgp');
    const config = { preferredCompressionAlgorithm: enums.compression.uncompressed, aeadProtect: false };
    const date = new Date(time);
    const message = await createMessage({ binary: ReadableStream.from(slices(bytes)), filename: name, date });
    const keys = { encryptionKeys: [...recipients], ...(signer && { signingKeys: signer }) };
    const encrypted = await encrypt({ message, ...keys, format: 'binary', date, config });
    yield* encrypted as unknown as AsyncIterable<Uint8Array>;
  };
