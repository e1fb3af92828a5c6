import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * What somebody shows to be let in: an id, by which it is looked up, and a secret of 256 random bits, of which only the
 * SHA-256 is kept. A fast digest is enough: nobody can try 2^256 secrets.
 */
export interface Proof {
  id: string;
  secret: string;
}

/** Bytes of randomness; another one for tests. */
export type RandomBytes = (count: number) => Buffer;

const pattern = /^([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export const mintProof = (random: RandomBytes = randomBytes): Proof => ({
  id: random(8).toString('hex'),
  secret: random(32).toString('base64url'),
});

/** As it is handed out, once: `<prefix><id>_<secret>`. */
export const proofText = ({ id, secret }: Proof, prefix = ''): string => `${prefix}${id}_${secret}`;

/** What was shown as a proof; undefined when it cannot be one. */
export const readProof = (text: string, prefix = ''): Proof | undefined => {
  const [, id, secret] = (text.startsWith(prefix) ? pattern.exec(text.slice(prefix.length)) : null) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What is kept of a secret, hex. */
export const hashOf = (secret: string): string => digest(secret).toString('hex');

/** Stands in where an id is not known, so that the answer takes as long. */
const nobody = hashOf('');

/** Whether the secret is the one that was kept; in a time that does not depend on where the two differ. */
export const fits = (secret: string, kept: string | undefined): boolean => {
  const same = timingSafeEqual(digest(secret), Buffer.from(kept ?? nobody, 'hex'));
  return same && kept !== undefined;
};

/** Something else that follows from a secret and from which the secret cannot be had. */
export const derived = (purpose: string, secret: string): string =>
  createHash('sha256').update(`${purpose}:${secret}`).digest('base64url');

/** Whether two texts are the same, in a time that does not depend on where they differ. */
export const sameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
