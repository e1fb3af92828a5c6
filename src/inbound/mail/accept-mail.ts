import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { reached } from '../../commit-point.ts';
import { oneLine } from '../../fault.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { makeTogether } from '../../store/together.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import type { JudgeSender, Judgement, SenderRule } from './judgement.ts';
import { insertMessages, type NewMail, type NewMessage } from './messages.ts';
import type { ReceivedMail } from './receive.ts';

/** What a mail's envelope and connection say. */
export interface Envelope {
  peer: string;
  helo: string;
  /** The protocol of the connection, such as `TLSv1.3`; null in clear. */
  tls: string | null;
  /** Null for the null sender. */
  envelopeFrom: string | null;
  recipients: readonly EnvelopeRecipient[];
  /** Those that heard 550 at RCPT, with the reason: where others remain, each gets a `Failed` entry. */
  turnedAway: readonly (EnvelopeRecipient & { refusal: string })[];
}

export interface EnvelopeRecipient {
  recipient: string;
  eventTypeId: number;
  check: boolean;
}

/** What became of a mail: it lasts as message `id`, or no recipient takes it; `refusals` says why, by recipient. */
export type Acceptance = { refusals: ReadonlyMap<string, string> } & (
  { kind: 'accepted'; id: number } | { kind: 'refused' }
);

export interface AcceptContext {
  store: Store;
  spool: Spool;
  clock: Clock;
  judgeSender: JudgeSender;
}

/** Messages that are committed in one database transaction at most. */
const mostAtOnce = 50;
const longestText = 1000;
const cut = (text: string | null): string | null => (text === null ? null : oneLine(text, longestText));

/**
 * A function that brings received mails to rest: judged, kept in the spool, and committed with their recipients, when it
 * resolves to `accepted`; only then may a mail be answered with 250. Of a refused one nothing is left. Rejects with a
 * Fault of the spool, of the database, or `dns-temporary`, and nothing is left either; only where nobody can tell whether
 * the database has committed, the bytes stay, and the sweep takes them if nothing refers to them.
 */
export const makeAccept = (context: AcceptContext) => {
  const { store, spool, judgeSender } = context;
  // One turn: mails whose bytes were made to last together are committed together.
  const commit = makeTogether(
    mostAtOnce,
    (some: readonly NewMail[]) => commitMails(store, some),
    () => turn(),
  );
  const letGo = async (kept: string, error: unknown): Promise<never> => {
    if (databaseTrouble(error)?.code !== 'database-unreachable') await spool.remove(kept);
    throw error;
  };
  return async (envelope: Envelope, received: ReceivedMail, rules: Rules): Promise<Acceptance> => {
    const { body } = received;
    try {
      const judgement = await judgeSender({ ...envelope, raw: () => body.read() }, rules);
      const { refusals } = judgement;
      if (envelope.recipients.every(({ recipient }) => refusals.has(recipient))) {
        await body.drop();
        return { kind: 'refused', refusals };
      }
      reached('in 2 received');
      const kept = await body.keep();
      reached('in 2 kept');
      const rows = rowsOf(envelope, received, judgement, { receivedAt: context.clock.now(), spool: kept });
      const id = await commit(rows).catch((error: unknown) => letGo(kept, error));
      reached('in 2 committed');
      return { kind: 'accepted', id, refusals };
    } catch (error) {
      await body.drop();
      throw error;
    }
  };
};

type Rules = ReadonlyMap<number, SenderRule>;

const commitMails = (store: Store, some: readonly NewMail[]): Promise<number[]> =>
  store.writeAside((writer) => insertMessages(writer, some));

const rowsOf = (
  { peer, helo, tls, envelopeFrom, recipients, turnedAway }: Envelope,
  { bytes, sha256, messageId }: ReceivedMail,
  { evidence, refusals }: Judgement,
  kept: Pick<NewMessage, 'receivedAt' | 'spool'>,
): NewMail => [
  {
    ...{ ...kept, peer, helo: cut(helo), tls, envelopeFrom: cut(envelopeFrom) },
    ...{ bytes, sha256, messageId: cut(messageId), evidence },
  },
  [
    ...recipients.map((one) => ({ ...one, refusal: cut(refusals.get(one.recipient) ?? null) })),
    ...turnedAway.map((one) => ({ ...one, refusal: cut(one.refusal) })),
  ],
];
