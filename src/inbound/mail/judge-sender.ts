import { Fault } from '../../fault.ts';
import { type Proof, proveSender } from './authentication.ts';
import { type Header, type HeaderField, readHeader } from './header.ts';
import type { Evidence, Judgement, MailToJudge, SenderRule } from './judgement.ts';
import { type Resolver, within } from './resolver.ts';
import { automaticField, type Sender, senderOf, senderRefusal, showAddress } from './sender.ts';

/** How long name servers may take for one mail in all, milliseconds: where the answer decides, and where it is only recorded. */
export interface DnsDeadlines {
  require: number;
  record: number;
}

export const dnsDeadlines: DnsDeadlines = { require: 20_000, record: 5000 };

export interface JudgeOptions {
  resolver: Resolver;
  deadlines?: DnsDeadlines;
}

type Recipient = MailToJudge['recipients'][number];
type Rules = ReadonlyMap<number, SenderRule>;
type KnownSender = Extract<Sender, { from: unknown }>;

const noRule: SenderRule = { senders: [], authentication: 'require' };
const ruleOf = (rules: Rules, { eventTypeId }: Recipient): SenderRule => rules.get(eventTypeId) ?? noRule;

const nothingAsked = { proof: null, spf: null, dkim: null, dmarc: null };

const evidenceOf = (sender: Sender, fields: readonly HeaderField[], proof: Proof | undefined): Evidence => ({
  headerFrom: 'from' in sender ? [showAddress(sender.from)] : [],
  ...(proof ? { proof: proof.proof, spf: proof.spf, dkim: proof.dkim, dmarc: proof.dmarc } : nothingAsked),
  automatic: automaticField(fields),
  reasons: [
    ...('trouble' in sender ? [`The sender cannot be told: ${sender.trouble}`] : []),
    ...(proof?.reasons ?? []),
  ],
});

const senderIn = (header: Header, envelopeFrom: string | null): Sender =>
  'trouble' in header ? header : senderOf(envelopeFrom, header.fields);

/** Refusals that no name server has a word in. */
const refusalsBySender = (sender: Sender, recipients: readonly Recipient[], rules: Rules): Map<string, string> => {
  const why = (recipient: Recipient): string | undefined =>
    'trouble' in sender
      ? `The sender cannot be told: ${sender.trouble}.`
      : senderRefusal(sender, ruleOf(rules, recipient).senders);
  return new Map(
    recipients.flatMap((one) => {
      const reason = why(one);
      return reason === undefined ? [] : [[one.recipient, reason]];
    }),
  );
};

const later = (reasons: readonly string[]): Fault =>
  new Fault({
    operation: 'check the sender of',
    object: 'a mail',
    reason: `name servers did not say whether it is genuine: ${reasons.join('; ')}`,
    hint: 'it comes again by itself; look at the name servers if this lasts',
    next: 'retry',
    code: 'dns-temporary',
  });

const notProven = ({ from }: KnownSender, { reasons }: Proof): string =>
  `The mail does not prove that it comes from ${from.domain}: ${reasons.join('; ')}.`;

/**
 * Whether a mail's sender may send to its recipients, and what was found out about it. First who may send, by the envelope
 * and by the From header; SPF, DKIM and DMARC only if somebody is left whose event type wants to know. With `require` an
 * aligned pass is needed; with `record` the verdict is kept and decides nothing. Throws Fault (retry) `dns-temporary`
 * where `require` needs an answer that the name servers do not give now; rejects with what `raw()` fails with.
 */
export const judgeSender = async (
  mail: MailToJudge,
  rules: Rules,
  { resolver, deadlines = dnsDeadlines }: JudgeOptions,
): Promise<Judgement> => {
  const header = await readHeader(mail.raw());
  const fields = 'fields' in header ? header.fields : [];
  const sender = senderIn(header, mail.envelopeFrom);
  const refusals = refusalsBySender(sender, mail.recipients, rules);
  const left = mail.recipients.filter(({ recipient }) => !refusals.has(recipient));
  const wanting = left.filter((one) => ruleOf(rules, one).authentication === 'require');
  const asked = left.some((one) => ruleOf(rules, one).authentication !== 'off');
  if ('trouble' in sender || !asked) return { evidence: evidenceOf(sender, fields, undefined), refusals };
  const ms = wanting.length > 0 ? deadlines.require : deadlines.record;
  const { peer, helo } = mail;
  const proof = await proveSender({ ...sender, peer, helo, fields, raw: () => mail.raw() }, within(ms, resolver));
  if (wanting.length > 0 && proof.proof === 'unknown') throw later(proof.reasons);
  if (proof.proof !== 'pass') for (const { recipient } of wanting) refusals.set(recipient, notProven(sender, proof));
  return { evidence: evidenceOf(sender, fields, proof), refusals };
};
