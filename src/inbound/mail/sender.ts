import { domainToASCII } from 'node:url';
import { type HeaderField, valuesOf } from './header.ts';

/** A mail address in lower case: upper and lower case never tell two people apart. */
export interface Address {
  local: string;
  domain: string;
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const dotAtom = `${atom}(?:\\.${atom})*`;
const domainName = `${label}(?:\\.${label})+`;

const plain = new RegExp(`^(${dotAtom})@(${domainName})$`);

/** An address of letters, digits and the like; quoted local parts, address literals and other letters are none. */
export const readAddress = (text: string): Address | undefined => {
  const [, local = '', domain = ''] = plain.exec(text) ?? [];
  if (local === '' || local.length > 64 || domain.length > 253) return undefined;
  return { local: local.toLowerCase(), domain: domain.toLowerCase() };
};

export const showAddress = ({ local, domain }: Address): string => `${local}@${domain}`;

/** In front of `<`: words, encoded words, quoted texts, plain comments. An `@`, a comma, a bracket only in quotes. */
const displayName =
  /^(?:"(?:[^"\\\0-\x1f]|\\[^\0-\x1f])*"|\([^()\\<>@,:;"\0-\x1f]*\)|[^"\\()<>[\]:;@,\0-\x08\x0a-\x1f])*/;
const comment = /^\s*(?:\([^()\\<>@,:;"\0-\x1f]*\))?\s*$/;
const longestFrom = 998; // RFC 5322, a line

/**
 * The one address of a From field; undefined where there is none, where there are several, and where programs could read
 * it in two ways: an address outside the brackets, brackets in the brackets, a route, a group.
 */
export const readFrom = (value: string): Address | undefined => {
  if (value.length > longestFrom) return undefined;
  const behindName = value.slice(displayName.exec(value)?.[0].length);
  const [, inside, rest = ''] = /^<[ \t]*([^<>\s]+)[ \t]*>(.*)$/s.exec(behindName) ?? [];
  if (inside !== undefined) return comment.test(rest) ? readAddress(inside) : undefined;
  const [, alone = '', behind = ''] = /^(\S+)(.*)$/s.exec(value) ?? [];
  return comment.test(behind) ? readAddress(alone) : undefined;
};

/** Whether an address is one of those allowed: itself, or `*@domain`, which is that domain only and none below it. */
export const isAllowed = ({ local, domain }: Address, senders: readonly string[]): boolean =>
  senders.some((allowed) => {
    const at = allowed.lastIndexOf('@');
    const [name, host] = [allowed.slice(0, at).toLowerCase(), allowed.slice(at + 1).toLowerCase()];
    return host === domain && (name === '*' || name === local);
  });

/** The SMTP server may give a domain in its own letters; on the wire it was `xn--…`. */
const readEnvelope = (address: string): Address | undefined => {
  const at = address.lastIndexOf('@');
  return readAddress(`${address.slice(0, at)}@${domainToASCII(address.slice(at + 1))}`);
};

const envelopeOf = (envelopeFrom: string | null): Address | { trouble: string } => {
  if (envelopeFrom === null) return { trouble: 'it has no envelope sender, as bounces have none' };
  return readEnvelope(envelopeFrom) ?? { trouble: 'its envelope sender is not a plain mail address' };
};

/** Who sent a mail, as far as it says so itself. Or why nobody can tell. */
export type Sender = { envelope: Address; from: Address } | { trouble: string };

/**
 * The envelope's and the header's sender. Both must be one plain address; `Sender`, `Reply-To` and what the From field
 * shows beside its address never count.
 */
export const senderOf = (envelopeFrom: string | null, fields: readonly HeaderField[]): Sender => {
  const envelope = envelopeOf(envelopeFrom);
  if ('trouble' in envelope) return envelope;
  const [first, ...more] = valuesOf(fields, 'from');
  if (first === undefined) return { trouble: 'it has no From header' };
  if (more.length > 0) return { trouble: 'it has several From headers' };
  const from = readFrom(first);
  return from ? { envelope, from } : { trouble: 'its From header is not one plain mail address' };
};

const nobody = 'Nobody may send to this address by mail: the event type names no senders.';
const notOutside = 'The envelope sender (Return-Path) is not allowed for this address.';

/**
 * Why no mail with that envelope sender can be allowed, whatever its header says, as a sentence; undefined when the header
 * decides. So it is told at RCPT, and nobody sends a mail that is refused at its end.
 */
export const envelopeRefusal = (envelopeFrom: string | null, senders: readonly string[]): string | undefined => {
  if (senders.length === 0) return nobody;
  const envelope = envelopeOf(envelopeFrom);
  if ('trouble' in envelope) return `The sender cannot be told: ${envelope.trouble}.`;
  return isAllowed(envelope, senders) ? undefined : notOutside;
};

/** Why a sender may not send for an event type, as a sentence; undefined when it may. An empty list allows nobody. */
export const senderRefusal = (
  { envelope, from }: Extract<Sender, { from: Address }>,
  senders: readonly string[],
): string | undefined => {
  if (senders.length === 0) return nobody;
  const [outside, inside] = [envelope, from].map((one) => !isAllowed(one, senders));
  if (outside && inside) return 'The sender is not allowed for this address.';
  if (outside) return notOutside;
  return inside ? 'The address of the From header is not allowed for this address.' : undefined;
};

/**
 * The header field that says that a program sent the mail, or that it went to a list (RFC 3834, RFC 2919, RFC 2369); null
 * when there is none. Such mail is read like any other, and never answered.
 */
export const automaticField = (fields: readonly HeaderField[]): string | null => {
  for (const { name, value } of fields) {
    const word = value
      .replace(/[;(].*$/s, '')
      .trim()
      .toLowerCase();
    if (name === 'auto-submitted' && word !== 'no') return 'Auto-Submitted';
    if (name === 'precedence' && ['bulk', 'list', 'junk', 'auto_reply'].includes(word)) return 'Precedence';
    // Receipts and bounces, of those servers too that send them with an envelope sender (RFC 6522).
    if (name === 'content-type' && word === 'multipart/report') return 'Content-Type';
    if (name.startsWith('list-')) return 'List-Id';
    if (name === 'x-auto-response-suppress' || name === 'x-autoreply' || name === 'x-autorespond') return name;
    if (name === 'x-loop') return name;
  }
  return null;
};
