import type { SMTPServerSession } from 'smtp-server';
import type { Dialogue, Talk } from './dialogue.ts';
import { allowedMs, type Patience } from './patience.ts';
import type { Reply } from './smtp-reply.ts';

interface Connection {
  talk: Talk;
  session: SMTPServerSession;
  /** Milliseconds of the clock that nobody sets. */
  beganAt: number;
  /** The last command, for the list of refused mail. */
  command: string;
  /** While we give an answer that was noted already. */
  noted: boolean;
  /** Answers that are being worked out. */
  working: number;
}

const mailVerb = /^(MAIL|RCPT|DATA)\b/i;
const addressIn = (command: string, what: RegExp): string | null => {
  const [before = '', address = ''] = /<([^<>]*)>/.exec(command) ?? [];
  return what.test(command) && before !== '<>' && address !== '' ? address : null;
};

/** The reply code and text of a line that goes to a peer, when it refuses something. */
const refusalIn = (line: unknown): Reply | undefined => {
  const [, code = '', text = ''] = /^([45]\d\d) (.*)$/.exec(typeof line === 'string' ? line : '') ?? [];
  return code === '' ? undefined : { code: Number(code), text };
};

/** The connections that are open: who is on them, and which answers are being worked out. */
export interface Connections {
  /** A new connection, at `now` of the clock that nobody sets. */
  begin(session: SMTPServerSession, now: number): Talk;
  /** Those that have lasted longer than what they brought allows. */
  overdue(patience: Patience, now: number): string[];
  end(session: SMTPServerSession): void;
  talkOf(session: SMTPServerSession): Talk | undefined;
  /** How many one peer has open. */
  ofPeer(peer: string): number;
  /** Whether a mail's bytes are coming in, or an answer is being worked out. */
  isBusy(id: string): boolean;
  /** Works an answer out and has it told, once. */
  answer(
    session: SMTPServerSession,
    work: (talk: Talk) => Promise<Reply | undefined>,
    tell: (reply: Reply | undefined) => void,
  ): void;
  /** Resolves when no answer is being worked out. */
  idle(): Promise<void>;
  /** The logger of smtp-server: what it says to peers and hears from them. */
  replyWatch: { debug(about: { tnx?: string; cid?: string }, direction: string, line: unknown): void };
}

export const makeConnections = (dialogue: Dialogue): Connections => {
  const open = new Map<string, Connection>();
  const works = new Set<Promise<void>>();
  const ofPeer = (peer: string): number => {
    let count = 0;
    for (const { talk } of open.values()) if (talk.peer === peer) count++;
    return count;
  };
  return {
    begin: (session, now) => {
      const connection = makeConnection(session, now);
      open.set(session.id, connection);
      return connection.talk;
    },
    overdue: (patience, now) =>
      [...open].flatMap(([id, { beganAt, talk }]) => (now - beganAt < allowedMs(patience, talk.brought) ? [] : [id])),
    end: ({ id }) => void open.delete(id),
    talkOf: ({ id }) => open.get(id)?.talk,
    ofPeer,
    isBusy: (id) => (open.get(id)?.working ?? 0) > 0,
    answer: ({ id }, work, tell) => {
      const connection = open.get(id);
      if (!connection) return;
      const working = answer(connection, work, tell);
      works.add(working);
      void working.finally(() => works.delete(working));
    },
    idle: async () => void (await Promise.allSettled(works)),
    replyWatch: {
      debug: ({ tnx, cid = '' }, _, line) => {
        const connection = open.get(cid);
        if (tnx === 'command' && connection) connection.command = String(line);
        const refusal = tnx === 'send' ? refusalIn(line) : undefined;
        if (refusal) noteRefusal(dialogue, connection, refusal);
      },
    },
  };
};

const makeConnection = (session: SMTPServerSession, beganAt: number): Connection => {
  const fresh = { helo: '', tls: null, envelopeFrom: null, misses: 0 };
  const lists = { recipients: new Map(), turnedAway: new Map() };
  const talk = { peer: session.remoteAddress, ...fresh, ...lists, brought: { bytes: 0, mails: 0 } };
  return { talk, session, beganAt, command: '', noted: false, working: 0 };
};

const answer = async (
  connection: Connection,
  work: (talk: Talk) => Promise<Reply | undefined>,
  tell: (reply: Reply | undefined) => void,
): Promise<void> => {
  connection.talk.helo = connection.session.hostNameAppearsAs || '';
  connection.working++;
  const reply = await work(connection.talk);
  connection.working--;
  connection.noted = true;
  tell(reply);
  connection.noted = false;
};

/** What smtp-server refuses by itself belongs on the list as well: syntax, SIZE, too many recipients, silence in a mail. */
const noteRefusal = (dialogue: Dialogue, connection: Connection | undefined, reply: Reply): void => {
  if (!connection) return dialogue.say('a mail connection was turned away', { code: reply.code });
  const { noted, command, session, talk } = connection;
  const inMail = session.envelope.mailFrom !== false;
  if (noted || !(reply.code === 421 ? inMail : mailVerb.test(command))) return;
  const envelopeFrom = inMail ? talk.envelopeFrom : addressIn(command, /^MAIL/i);
  const speaker = { peer: talk.peer, helo: session.hostNameAppearsAs || '', envelopeFrom };
  void dialogue.note(speaker, reply, addressIn(command, /^RCPT/i));
};
