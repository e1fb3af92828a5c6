import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Pair } from './certificates.ts';

export interface SmtpScript {
  /** Offers STARTTLS with this certificate. */
  tls?: Pair;
  /** Offers AUTH (under TLS, where that is offered) and takes this password only. */
  password?: string;
  /** The answer to a command, by its first word, instead of ours; `null` says nothing at all. `GREETING` and `BODY` too. */
  answers?: Record<string, string | null>;
}

/** What was said in one session: commands with whether they came under TLS, and the mails that were taken. */
export interface ScriptedSmtp {
  port: number;
  commands: { line: string; secure: boolean }[];
  mails: string[];
  close(): Promise<void>;
}

/** An SMTP server for what smtp-sink cannot do: STARTTLS, a sign-in that counts, refusals, silence. */
export const startScriptedSmtp = async (script: SmtpScript = {}): Promise<ScriptedSmtp> => {
  const sockets = new Set<Socket>();
  const commands: ScriptedSmtp['commands'] = [];
  const mails: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    converse(socket, script, { commands, mails }, false);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    mails,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

type Kept = Pick<ScriptedSmtp, 'commands' | 'mails'>;

const converse = (socket: Socket, script: SmtpScript, kept: Kept, secure: boolean): void => {
  const { tls, password, answers = {} } = script;
  let rest = '';
  let inBody = false;
  const say = (word: string, ours: string): void => {
    const text = Object.hasOwn(answers, word) ? answers[word] : ours;
    if (text !== null && text !== undefined) socket.write(`${text}\r\n`);
  };
  const offers = () => [
    ...(tls && !secure ? ['STARTTLS'] : []),
    ...(password !== undefined && (secure || !tls) ? ['AUTH PLAIN'] : []),
    '8BITMIME',
  ];
  const upgrade = (): void => {
    socket.write('220 go on\r\n');
    socket.removeAllListeners('data');
    const [key, cert] = tls ? [readFileSync(tls.key), readFileSync(tls.certificate)] : [];
    const wrapped = new TLSSocket(socket, { isServer: true, key, cert });
    wrapped.on('error', () => undefined);
    converse(wrapped, script, kept, true);
  };
  const signIn = (line: string): void => {
    const given = Buffer.from(line.split(' ')[2] ?? '', 'base64')
      .toString()
      .split('\0')[2];
    say('AUTH', given === password ? '235 2.7.0 welcome' : '535 5.7.8 not you');
  };
  const onLine = (line: string): void => {
    kept.commands.push({ line, secure });
    const word = line.split(' ')[0]?.toUpperCase() ?? '';
    if (word === 'EHLO') say(word, [...offers().map((one) => `250-${one}`), '250 SIZE 1000000'].join('\r\n'));
    else if (word === 'STARTTLS') upgrade();
    else if (word === 'AUTH') signIn(line);
    else if (word === 'DATA') (say(word, '354 go on'), (inBody = !Object.hasOwn(answers, word)));
    else if (word === 'QUIT') (say(word, '221 bye'), socket.end());
    else say(word, '250 2.0.0 ok');
  };
  const read = (): void => {
    for (;;) {
      const end = rest.indexOf(inBody ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const text = rest.slice(0, end);
      rest = rest.slice(end + (inBody ? 5 : 2));
      if (!inBody) onLine(text);
      else {
        inBody = false;
        kept.mails.push(text);
        say('BODY', '250 2.0.0 queued');
      }
    }
  };
  socket.on('data', (chunk: Buffer) => ((rest += chunk.toString('utf8')), read()));
  if (!secure) say('GREETING', '220 scripted ESMTP');
};
