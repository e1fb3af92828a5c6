import { createHash } from 'node:crypto';

/** A public host key as a server shows it. */
export interface ShownKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  type: string;
  /** `SHA256:…`, as `ssh-keygen -l` and the OpenSSH client print it. */
  fingerprint: string;
}

/** The type and fingerprint of a public key in SSH's wire form (RFC 4253, 6.6): a length, the type, the key's numbers. */
export const readHostKey = (wire: Buffer): ShownKey => {
  const length = wire.length >= 4 ? wire.readUInt32BE(0) : 0;
  const digest = createHash('sha256').update(wire).digest('base64');
  return { type: wire.toString('latin1', 4, 4 + length), fingerprint: `SHA256:${bare(digest)}` };
};

/** Base64 without the padding that OpenSSH leaves out and other tools print. */
const bare = (text: string): string => text.trim().replace(/=+$/, '');

export const isPinned = (shown: ShownKey, pins: readonly string[]): boolean =>
  pins.some((pin) => bare(pin) === shown.fingerprint);

/** The kinds of host key a server may have, in the order we ask for them. A server shows one key per connection. */
export const keyFamilies = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
] as const;
