import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { dkimVerify, type DKIMResult, dmarc, spf } from 'mailauth';
import { asFault } from '../../fault.ts';
import type { HeaderField } from './header.ts';
import type { Resolver } from './resolver.ts';
import { type Address, showAddress } from './sender.ts';

/** A mail whose sender is one plain address, in the envelope and in the header. */
export interface MailToProve {
  peer: string;
  helo: string;
  envelope: Address;
  from: Address;
  fields: readonly HeaderField[];
  raw(): Readable;
}

/** What SPF, DKIM and DMARC say, and what follows. */
export interface Proof {
  /** `pass`: SPF or DKIM pass for a domain that is aligned with the From header's. `unknown`: a name server may know more. */
  proof: 'pass' | 'fail' | 'unknown';
  spf: string;
  dkim: string;
  dmarc: string;
  /** For people, one sentence each. */
  reasons: string[];
}

/** One thing that was checked: its verdict, the domain it is about, and why. */
interface Verdict {
  result: string;
  domain: string;
  note: string;
}

/** More signatures, or longer ones, than any mail has: each costs a hash of the whole mail and a question to somebody's server. */
const mostSignatures = 8;
const longestSignature = 16 * 1024;
/** The library takes time with the square of their length; what folds a line are a few. */
const longRun = /\s{200}/;
/** Bytes. RFC 5322 allows 998; the time to put spaces of a line in order grows with its square. */
const longestLine = 16 * 1024;
/** Milliseconds; a mail of 25 MB takes half a second, and the client waits for its answer. */
const longestMs = 60_000;

const clean = (text: unknown): string =>
  String(text ?? '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 200);

const why = (comment: unknown): string => (comment ? clean(comment) : '');

const checkSpf = async ({ peer, helo, envelope }: MailToProve, resolver: Resolver): Promise<Verdict> => {
  const found = await spf({ sender: showAddress(envelope), ip: peer, helo, mta, resolver });
  // The comment names the sender, and what is written here may come into a log.
  const note = why(found.status.comment).replace(`${mta}: `, '').replaceAll(showAddress(envelope), envelope.domain);
  return { result: found.status.result, domain: envelope.domain, note };
};

/** The name we would have in SPF's macros and comments. */
const mta = 'nightdrop.invalid';

/** Fields that say how the signed bytes are read. */
const structural = ['content-type', 'content-transfer-encoding', 'content-disposition'];

/** Why signatures are not looked at. */
const unfit = (fields: readonly HeaderField[]): string | undefined => {
  // RFC 6376, 8.15: a second field above the signed one leaves the signature good, and may turn the body into other files.
  const doubled = structural.find((field) => fields.filter(({ name }) => name === field).length > 1);
  if (doubled !== undefined) return `several ${doubled} fields`;
  const signatures = fields.filter(({ name }) => name === 'dkim-signature' || name.startsWith('arc-'));
  if (
    signatures.filter(({ name }) => name === 'dkim-signature' || name === 'arc-message-signature').length >
    mostSignatures
  )
    return `more than ${mostSignatures} signatures`;
  if (signatures.some(({ value }) => longRun.test(value))) return 'a long run of spaces in a signature';
  return signatures.some(({ bytes }) => bytes > longestSignature) ? 'a signature of more than 16 KB' : undefined;
};

/** What was passed on of the raw bytes, and what came in the way. */
interface Pumped {
  stream: PassThrough;
  /** Why it is not looked at to its end; there the stream ends. */
  unfit: string | undefined;
  /** Our own trouble with reading. */
  error: unknown;
}

/** Passes bytes on in small pieces; between them others have their turn. */
const pump = async (raw: Readable, pumped: Pumped): Promise<void> => {
  const began = performance.now();
  const unfitLine = makeLineWatch();
  for await (const chunk of raw as AsyncIterable<Buffer>)
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      pumped.unfit = unfitLine(piece);
      if (performance.now() - began > longestMs) pumped.unfit ??= 'it takes too long to verify';
      if (pumped.unfit !== undefined) return void pumped.stream.end();
      if (!pumped.stream.write(piece)) await once(pumped.stream, 'drain');
      await turn();
    }
  pumped.stream.end();
};

const pieceBytes = 32 * 1024;
const newline = 0x0a;

/** Looks at lines, piece by piece, and says what stands against verifying signatures over them. */
const makeLineWatch = () => {
  let [length, last] = [0, 0];
  return (piece: Buffer): string | undefined => {
    let start = -length;
    for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) {
      if (at - start > longestLine) return tooLong;
      if ((at === 0 ? last : piece[at - 1]) !== carriageReturn) return 'a line that ends in a lone LF';
      start = at + 1;
    }
    length = piece.length - start;
    last = piece.at(-1) ?? last;
    return length > longestLine ? tooLong : undefined;
  };
};

const tooLong = 'a line of more than 16 KB';
const carriageReturn = 0x0d;

const verdictOf = ({ status, signingDomain = '', canonBodyLengthLimited }: DKIMResult): Verdict => {
  const domain = clean(signingDomain).toLowerCase();
  // What follows the signed part can be exchanged by anyone who has the mail.
  if (status.result === 'pass' && canonBodyLengthLimited)
    return { result: 'policy', domain, note: 'l= leaves a part of the mail unsigned' };
  // RFC 6376, 3.6.1: while a domain tests, its signed mail is no better than mail without a signature.
  if (status.result === 'pass' && status.testing)
    return { result: 'policy', domain, note: 'the key is under test, t=y' };
  return { result: status.result, domain, note: why(status.comment) };
};

/** What the library fails with is about the mail or a record, and no reason to send the mail back again and again. */
const unforeseen: Verdict = { result: 'permerror', domain: '', note: 'it could not be checked' };

const verifySignatures = async (mail: MailToProve, raw: Readable, resolver: Resolver): Promise<Verdict[]> => {
  const pumped: Pumped = { stream: new PassThrough(), unfit: undefined, error: undefined };
  const { stream } = pumped;
  pump(raw, pumped).catch((error: unknown) => {
    pumped.error = error;
    stream.destroy(new Error('the message could not be read'));
  });
  const options = { resolver, strict: true, sender: showAddress(mail.envelope) };
  const verified = await dkimVerify(stream, options).catch(() => undefined);
  stream.destroy();
  if (pumped.error !== undefined) throw asFault(pumped.error, 'read', 'a mail');
  if (pumped.unfit !== undefined) return [{ result: 'policy', domain: '', note: pumped.unfit }];
  return verified ? verified.results.map(verdictOf) : [unforeseen];
};

const checkDkim = async (mail: MailToProve, resolver: Resolver): Promise<Verdict[]> => {
  if (!mail.fields.some(({ name }) => name === 'dkim-signature')) return [];
  const reason = unfit(mail.fields);
  if (reason !== undefined) return [{ result: 'policy', domain: '', note: reason }];
  const raw = mail.raw();
  try {
    return await verifySignatures(mail, raw, resolver);
  } finally {
    raw.destroy();
  }
};

const passed = (verdicts: readonly Verdict[]): string[] =>
  verdicts.filter(({ result }) => result === 'pass').map(({ domain }) => domain);

const checkDmarc = async (
  { from }: MailToProve,
  spfDomains: string[],
  dkimDomains: readonly string[],
  resolver: Resolver,
): Promise<Verdict> => {
  const entries = dkimDomains.map((domain) => ({ domain, aligned: false as const }));
  const options = { fromFields: 1, spfDomains, dkimDomains: entries, resolver, strict: true };
  const found = await dmarc({ headerFrom: [showAddress(from)], ...options });
  if (!found) return { result: 'none', domain: from.domain, note: '' };
  const { status, policy, policyDomain } = found;
  return { result: status.result, domain: policyDomain ?? from.domain, note: policy ? `policy ${clean(policy)}` : '' };
};

const sentence = (what: string, { result, domain, note }: Verdict): string =>
  `${what}: ${result}${domain === '' ? '' : ` for ${domain}`}${note === '' ? '' : ` (${note})`}`;

const best = (verdicts: readonly Verdict[]): string => {
  const results = verdicts.map(({ result }) => result);
  return ['pass', 'temperror'].find((each) => results.includes(each)) ?? results[0] ?? 'none';
};

/**
 * A domain that passed and is the From header's own needs no DMARC record. Any other is aligned by that record's rules; a
 * domain without one is aligned with nothing but itself (RFC 9989, 4.10.2).
 */
const conclude = (
  from: Address,
  domains: readonly string[],
  checks: readonly Verdict[],
  ruling: Verdict,
): Proof['proof'] => {
  if (domains.includes(from.domain) || ruling.result === 'pass') return 'pass';
  return [...checks, ruling].some(({ result }) => result === 'temperror') ? 'unknown' : 'fail';
};

/**
 * Whether SPF or DKIM prove that a mail comes from the domain of its From header. Never what other servers' headers
 * (`Authentication-Results`) say. Trouble with name servers is `unknown` or makes no difference; it is not thrown.
 */
export const proveSender = async (mail: MailToProve, resolver: Resolver): Promise<Proof> => {
  const [sent, signed] = await Promise.all([
    checkSpf(mail, resolver).catch((): Verdict => unforeseen),
    checkDkim(mail, resolver),
  ]);
  const [spfDomains, dkimDomains] = [passed([sent]), passed(signed)];
  const ruling = await checkDmarc(mail, spfDomains, dkimDomains, resolver).catch((): Verdict => unforeseen);
  const proof = conclude(mail.from, [...spfDomains, ...dkimDomains], [sent, ...signed], ruling);
  const shown = signed.length === 0 ? [{ result: 'none', domain: '', note: 'not signed' }] : signed;
  return {
    proof,
    spf: sent.result,
    dkim: best(signed),
    dmarc: ruling.result,
    reasons: [sentence('SPF', sent), ...shown.map((each) => sentence('DKIM', each)), sentence('DMARC', ruling)],
  };
};
