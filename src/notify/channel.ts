import { createHash } from 'node:crypto';
import type { Secret } from '../secret.ts';

/** A mail server that takes mail of ours and sends it on. */
export interface Relay {
  host: string;
  /** 465 speaks TLS from the first byte; on others STARTTLS is used when it is offered. */
  port: number;
  /** Address of the sender. */
  from: string;
  /** With a sign-in, TLS with a verified certificate is required. */
  user?: string;
  password?: Secret;
  /** An authority of one's own that the relay's certificate is verified with, PEM. */
  ca?: Secret;
}

/** One who is told: a program behind a webhook, or a person behind a mail address. */
export type Channel =
  | {
      kind: 'webhook';
      name: string;
      url: Secret;
      /** `whsec_…`: messages are signed with it. */
      secret?: Secret;
    }
  | { kind: 'mail'; name: string; to: string; relay: Relay };

/**
 * A webhook's name holds its host and a digest of its address, never the address, whose path is often a secret. The
 * name also tells who was told what, so it stays as long as the address does.
 */
export const webhookChannel = (url: Secret, secret?: Secret): Channel => {
  const digest = createHash('sha256').update(url.reveal()).digest('hex').slice(0, 8);
  const name = `webhook ${new URL(url.reveal()).host} ${digest}`;
  return { kind: 'webhook', name, url, ...(secret && { secret }) };
};

export const mailChannel = (to: string, relay: Relay): Channel => ({ kind: 'mail', name: `mail ${to}`, to, relay });

/** Something to be told, in words for people and as data for programs. It holds no secret and no personal data. */
export interface Message {
  /** The same in every try, so that a receiver can drop doubles. ASCII without spaces. */
  id: string;
  /** What happened, for programs: `alert.opened`. */
  type: string;
  /** When it happened, milliseconds. */
  at: number;
  /** One line. */
  subject: string;
  text: string;
  /** JSON. */
  data: object;
  /** The `id` of the message that this one follows, so that mail programs show the two together. */
  follows?: string;
}

/** What a channel answered, in a few words: `HTTP 204`, `250 2.0.0 Ok: queued`. */
export type Answer = string;
