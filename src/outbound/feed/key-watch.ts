import { type KeyRead, openRecipient, openSigner } from '../../file/pgp-key.ts';
import type { Feed } from './feed.ts';

/** A key of a feed that ends soon. */
export interface EndingKey {
  feed: string;
  /** The recipient's file, or `sign.key`. */
  key: string;
  fingerprint: string;
  /** From then on the feed is held, milliseconds. */
  expires: number;
}

/** So long before its end a key is spoken of. */
const noticeMs = 30 * 86_400_000;

/** Keys of feeds in use that still hold at `now` (ms), but not for 30 days more. Those that have ended hold their feed and are not here. */
export const endingKeys = async (feeds: readonly Feed[], now: number): Promise<EndingKey[]> => {
  const ending: EndingKey[] = [];
  const look = (feed: string, key: string, read: KeyRead<unknown>): void => {
    if (!('usable' in read) || read.usable.expires > now + noticeMs) return;
    const { fingerprint, expires } = read.usable;
    ending.push({ feed, key, fingerprint, expires });
  };
  for (const { name, retired, file } of feeds) {
    if (retired || !file.encrypt) continue;
    const { recipients, sign } = file.encrypt;
    for (const { file: from, key } of recipients) look(name, from, await openRecipient(key, now));
    if (sign) look(name, 'sign.key', await openSigner(sign.key.reveal(), sign.passphrase?.reveal(), now));
  }
  return ending;
};

/** For people. */
export const endingKeyText = ({ feed, key, fingerprint, expires }: EndingKey): string =>
  `the key ${fingerprint} (${key}) of the feed ${feed} ends on ${new Date(expires).toISOString().slice(0, 10)}, and then the feed is held`;
