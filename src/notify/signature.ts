import { createHmac } from 'node:crypto';
import type { Secret } from '../secret.ts';

const prefix = 'whsec_';
/** Standard Webhooks 1.0, "Signature scheme": a symmetric key has 24 to 64 bytes. */
const [fewest, most] = [24, 64];

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice(prefix.length), 'base64');

/** What is wrong with a signing secret, in words for the person who wrote it; undefined when nothing is. */
export const signingSecretProblem = (secret: string): string | undefined => {
  if (!secret.startsWith(prefix)) return `does not begin with ${prefix}`;
  const key = keyOf(secret);
  const plain = (text: string) => text.replace(/=+$/, '');
  if (plain(key.toString('base64')) !== plain(secret.slice(prefix.length))) return 'is not base64 after its prefix';
  return key.length < fewest || key.length > most
    ? `is a key of ${key.length} bytes; ${fewest} to ${most} are needed`
    : undefined;
};

/**
 * The headers of Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` (seconds, of this try) and, with a secret,
 * `webhook-signature`, the HMAC-SHA256 of `id.timestamp.body`. `now` in milliseconds.
 */
export const webhookHeaders = (id: string, body: string, now: number, secret?: Secret): Record<string, string> => {
  const timestamp = String(Math.floor(now / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (!secret) return headers;
  const signed = createHmac('sha256', keyOf(secret.reveal())).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signed}` };
};
