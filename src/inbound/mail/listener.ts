import { once } from 'node:events';
import { TLSSocket } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { cannotListen } from '../../cannot-listen.ts';
import type { Secret } from '../../secret.ts';
import { type AddressedType, makeAddressBook } from './addresses.ts';
import { type Connections, makeConnections } from './connections.ts';
import { answered, type Dialogue, type DialogueContext, type DialogueRules, makeDialogue } from './dialogue.ts';
import type { SenderRule } from './judgement.ts';
import type { MailLimits } from './limits.ts';
import { type Patience, usualPatience } from './patience.ts';
import { type Reply, replies } from './smtp-reply.ts';

/** What the listener goes by; everything but where it listens may change while it runs. */
export interface ListenerRules {
  /** Behind the @ of every address, and the name that the server gives itself. */
  domain: string;
  /** Bytes. */
  maxSize: number;
  limits: MailLimits;
  /** PEM. `required`: no mail over a connection in clear. */
  tls?: { certificate: Secret; key: Secret; required: boolean };
  eventTypes: readonly (AddressedType & SenderRule)[];
}

/** The SMTP listener while it runs. smtp-server is owned by this file. */
export interface MailListener {
  host: string;
  /** The real one when 0 was asked for. */
  port: number;
  /** From now on these are the rules; connections that are open go on. */
  useRules(rules: ListenerRules): void;
  /** Takes no new connections, says 421 to those without a mail under way, and lets the others end for `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** No command of ours is longer; RFC 5321 asks for 512 and what the extensions add. */
const longestCommand = 4096;
/** Connections beyond the limit hear 421, as long as there are no more of them than these. */
const toBeTurnedAway = 50;

/** What tests set so that no real time has to pass. */
export interface Timing {
  patience: Patience;
  /** How often it is looked who has used up our patience, milliseconds. */
  lookMs: number;
  /** A clock that nobody sets, milliseconds. */
  monotonicMs(): number;
}

const usualTiming: Timing = { patience: usualPatience, lookMs: 1000, monotonicMs: () => performance.now() };

const dialogueRules = ({ domain, eventTypes, maxSize, limits, tls }: ListenerRules): DialogueRules => ({
  book: makeAddressBook(domain, eventTypes),
  senders: new Map(eventTypes.map((one) => [one.eventTypeId, one])),
  ...{ maxSize, limits, tlsRequired: tls?.required ?? false },
});

const never = ['AUTH', 'XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL'];

/** The part of the options that the rules say; AUTH is off because nobody signs in to send a file. */
const optionsOf = ({ domain, maxSize, limits, tls }: ListenerRules): SMTPServerOptions => ({
  ...{ name: domain, size: maxSize, maxClients: limits.connections, maxRecipients: limits.recipients },
  ...{ socketTimeout: limits.idle, authOptional: true, minVersion: 'TLSv1.2' },
  disabledCommands: tls ? never : [...never, 'STARTTLS'],
  ...(tls && { cert: tls.certificate.reveal(), key: tls.key.reveal() }),
});

type Done = (error?: Error | null, message?: string) => void;

const errorOf = ({ code, text }: Reply): Error => Object.assign(new Error(text), { responseCode: code });

/** Gives a reply to the connection: undefined is the server's own word for "go on". */
const say = (done: Done, reply: Reply | undefined): void => {
  if (!reply) return done();
  return reply.code < 400 ? done(null, reply.text) : done(errorOf(reply));
};

/**
 * Starts to listen. Throws Fault `port-in-use` or `cannot-listen`. Nothing that a peer does ends the process or grows
 * memory, log or tables without bound.
 */
export const openListener = async (
  listen: { host: string; port: number },
  first: ListenerRules,
  context: DialogueContext,
  timing = usualTiming,
): Promise<MailListener> => {
  let [rules, current] = [first, dialogueRules(first)];
  const dialogue = makeDialogue(context, () => current);
  const connections = makeConnections(dialogue);
  const server = makeServer(() => rules, dialogue, connections, timing);
  const port = await bind(server, listen);
  const looking = setInterval(() => {
    for (const id of connections.overdue(timing.patience, timing.monotonicMs())) dismiss(server, id, replies.tooLong);
  }, timing.lookMs).unref();
  return {
    host: listen.host,
    port,
    useRules: (next) => {
      [rules, current] = [next, dialogueRules(next)];
      server.updateSecureContext(optionsOf(next));
      server.server.maxConnections = mostConnections(next);
    },
    close: async (graceMs) => {
      await closeServer(server, graceMs, connections.isBusy);
      clearInterval(looking);
      await connections.idle();
      await dialogue.close();
    },
  };
};

const mostConnections = ({ limits }: ListenerRules): number => limits.connections + toBeTurnedAway;

const makeServer = (
  rules: () => ListenerRules,
  dialogue: Dialogue,
  connections: Connections,
  { monotonicMs }: Timing,
): SMTPServer => {
  const server = new SMTPServer({
    ...optionsOf(rules()),
    ...{ disableReverseLookup: true, maxCommandLength: longestCommand, logger: connections.replyWatch },
    ...conversation(dialogue, connections),
    onConnect: (session, done) => {
      const talk = connections.begin(session, monotonicMs());
      if (connections.ofPeer(talk.peer) <= rules().limits.connectionsPerPeer) return done();
      void dialogue.note(talk, replies.tooManyConnections, null);
      return done(errorOf(replies.tooManyConnections));
    },
  });
  server.on('error', (error: Error & { code?: string }) =>
    dialogue.say('a mail connection ended with an error', { code: error.code ?? error.name }),
  );
  server.server.maxConnections = mostConnections(rules());
  return server;
};

const bind = async ({ server }: SMTPServer, { host, port }: { host: string; port: number }): Promise<number> => {
  try {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
  } catch (error) {
    throw cannotListen({ host, port, purpose: 'listen for mail on', setting: 'mail.listen' }, error);
  }
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
};

/** What smtp-server asks us in the course of a connection, each answered once, whatever happens. */
const conversation = (dialogue: Dialogue, connections: Connections): SMTPServerOptions => ({
  onSecure: (socket, session, done) => {
    const talk = connections.talkOf(session);
    if (talk) talk.tls = socket instanceof TLSSocket ? socket.getProtocol() : null;
    done();
  },
  onMailFrom: ({ address }, session, done) =>
    connections.answer(
      session,
      (talk) => dialogue.mail(talk, address),
      (reply) => say(done, reply),
    ),
  onRcptTo: ({ address }, session, done) =>
    connections.answer(
      session,
      (talk) => dialogue.recipient(talk, address),
      (reply) => say(done, reply),
    ),
  onData: (stream, session, done) =>
    connections.answer(
      session,
      (talk) => dialogue.data(talk, stream as AsyncIterable<Buffer>),
      (reply) => {
        say(done, reply);
        if (reply) answered(reply);
      },
    ),
  onClose: (session) => connections.end(session),
});

const dismiss = (server: SMTPServer, id: string, { code, text }: Reply): void => {
  for (const connection of server.connections) if (connection.id === id) connection.send(code, text);
};

const closeServer = (server: SMTPServer, graceMs: number, isBusy: (id: string) => boolean): Promise<void> => {
  server.options.closeTimeout = graceMs;
  const closed = new Promise<void>((resolve) => server.close(resolve));
  for (const connection of [...server.connections])
    if (!isBusy(connection.id)) connection.send(replies.stopping.code, replies.stopping.text);
  return closed;
};
