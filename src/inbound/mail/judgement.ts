import type { Readable } from 'node:stream';

/** A mail whose bytes are all here, before it is accepted. */
export interface MailToJudge {
  /** The address that the connection came from. */
  peer: string;
  helo: string;
  /** Null for the null sender. */
  envelopeFrom: string | null;
  recipients: readonly { recipient: string; eventTypeId: number }[];
  /** The protocol of the connection, such as `TLSv1.3`; null in clear. */
  tls: string | null;
  /** The raw message from its first byte; may be called several times. */
  raw(): Readable;
}

/** Who may send for an event type. `senders`: addresses and `*@domain`. */
export interface SenderRule {
  senders: readonly string[];
  authentication: 'off' | 'record' | 'require';
}

/** What was found out about a sender; plain JSON, kept with the message. */
export interface Evidence {
  /** The addresses of the From header. */
  headerFrom: string[];
  /** Whether SPF or DKIM prove the From header's domain; `unknown` when name servers failed, null when nobody asked. */
  proof: 'pass' | 'fail' | 'unknown' | null;
  /** Verdicts such as `pass`, `fail`, `none`; null where it was not asked. */
  spf: string | null;
  dkim: string | null;
  dmarc: string | null;
  /** The header field that says that a program sent the mail, or that it went to a list; null when there is none. */
  automatic: string | null;
  /** More for people, one sentence each. */
  reasons: string[];
}

export interface Judgement {
  evidence: Evidence;
  /** By recipient: why nothing of the mail is applied for it, as a sentence. Who is not in it is allowed. */
  refusals: Map<string, string>;
}

/**
 * Whether a mail's sender may send to its recipients. Throws Fault (retry) `dns-temporary` when that cannot be found out
 * now; then the mail is answered 451 and comes again.
 */
export type JudgeSender = (mail: MailToJudge, rules: ReadonlyMap<number, SenderRule>) => Promise<Judgement>;
