import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { findFiles } from '../../../src/inbound/mail/found-files.ts';
import type { Evidence } from '../../../src/inbound/mail/judgement.ts';
import { logMessage } from '../../../src/inbound/mail/log-message.ts';
import { findMessage, insertMessage, type MailRecipient } from '../../../src/inbound/mail/messages.ts';
import { type ReplyContext, sendReplies } from '../../../src/inbound/mail/send-replies.ts';
import { spoolFile } from '../../../src/inbound/submission/accept.ts';
import { findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import { makeLog } from '../../../src/log.ts';
import type { Store } from '../../../src/store/store.ts';
import { makeStage, order } from '../submission/stage.ts';

export const evidence: Evidence = {
  ...{ headerFrom: ['reports@brand.example'], proof: 'pass', spf: 'pass', dkim: 'none', dmarc: 'none' },
  ...{ automatic: null, reasons: [] },
};
export const sale: MailRecipient = {
  recipient: 'sale@submit.example.test',
  eventTypeId: 4521,
  check: false,
  refusal: null,
};

interface Staging {
  port: number;
  clock?: Clock;
  reply?: 'none' | 'summary' | 'result';
}

/** Orders A and B, and mails that change them, with what answers these. */
export const makeReplyStage = async (store: Store, { port, clock = systemClock, reply = 'summary' }: Staging) => {
  const stage = await makeStage(store, [order('A'), order('B')]);
  const { spool } = stage;
  const log: Record<string, unknown>[] = [];
  const logger = makeLog('info', {
    write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>),
  });
  const never = new AbortController().signal;
  const contextOf = (change: Partial<ReplyContext['replying']> = {}): ReplyContext => ({
    ...{ store, spool, clock, random: () => 0, log: logger, ending: never, abandon: never },
    replying: {
      relay: { host: '127.0.0.1', port, from: 'nightdrop@example.test' },
      domain: 'submit.example.test',
      rules: new Map([[4521, { reply, authentication: 'record', name: 'Online sale' }]]),
      ...change,
    },
  });
  const mail = async (
    raw: Buffer,
    about: { evidence?: Evidence | null; recipients?: MailRecipient[]; apply?: boolean } = {},
  ) => {
    const spooled = await spoolFile(spool, Readable.from([raw]));
    const known = {
      receivedAt: clock.now(),
      peer: '192.0.2.7',
      helo: 'mx',
      tls: null,
      messageId: `<${randomUUID()}@brand.example>`,
    };
    const message = {
      ...known,
      ...spooled,
      envelopeFrom: 'reports@brand.example',
      evidence: about.evidence === undefined ? evidence : about.evidence,
    };
    const id = await store.write((writer) => insertMessage(writer, message, about.recipients ?? [sale]));
    const inserted = await findMessage(store.read, id);
    if (inserted) await logMessage({ store, spool, findFiles: (name) => findFiles(spool, spool.read(name)) }, inserted);
    if (about.apply ?? true)
      for (const one of await findSubmissions(store.read, { status: 'Queued' })) await stage.apply(one.id);
    return { id, messageId: known.messageId };
  };
  return { ...stage, contextOf, mail, log, send: (change = {}) => sendReplies(contextOf(change)) };
};
