import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** How long a server may take for an answer. */
const patienceMs = 60_000;

/** A raw connection to an SMTP server: sends exactly these bytes, and reads replies. */
export interface SmtpClient {
  socket: Socket;
  /** Writes bytes as they are. */
  write(bytes: string | Buffer): void;
  /** The next reply, all its lines as one text; 'closed' when the connection ends before. */
  reply(): Promise<string>;
  /** Sends a line and reads its reply. */
  say(line: string): Promise<string>;
  /** Turns the connection into TLS after "220" to STARTTLS. */
  secure(): Promise<TLSSocket>;
  end(): void;
}

const wholeReply = /^(?:\d{3}-[^\n]*\r\n)*\d{3}(?: [^\n]*)?\r\n/;

/** Connects, without reading the greeting. */
export const connectRaw = async (port: number): Promise<SmtpClient> => {
  let socket: Socket = connect({ host: '127.0.0.1', port });
  let [said, over] = ['', false];
  let wake: () => void = () => undefined;
  const listenTo = (to: Socket): void => {
    to.on('data', (chunk: Buffer) => ((said += chunk.toString('latin1')), wake()));
    to.on('error', () => undefined);
    to.on('close', () => ((over = true), wake()));
  };
  listenTo(socket);
  await once(socket, 'connect');
  const reply = async (): Promise<string> => {
    const giveUp = Date.now() + patienceMs;
    for (;;) {
      const [whole] = wholeReply.exec(said) ?? [];
      if (whole !== undefined) {
        said = said.slice(whole.length);
        return whole.trimEnd();
      }
      if (over) return 'closed';
      if (Date.now() > giveUp) throw new Error(`no answer, only ${JSON.stringify(said)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        wake = () => (clearTimeout(timer), resolve());
      });
    }
  };
  const write = (bytes: string | Buffer): void => void socket.write(bytes);
  return {
    get socket() {
      return socket;
    },
    write,
    reply,
    say: (line) => (write(`${line}\r\n`), reply()),
    secure: async () => {
      socket.removeAllListeners('data');
      const secured = connectTls({ socket, rejectUnauthorized: false });
      await once(secured, 'secureConnect');
      [socket, said] = [secured, ''];
      listenTo(secured);
      return secured;
    },
    end: () => void socket.destroy(),
  };
};

/** Connects, and has been greeted and has said EHLO. */
export const connectClient = async (port: number): Promise<SmtpClient> => {
  const client = await connectRaw(port);
  const greeting = await client.reply();
  if (!greeting.startsWith('220 ')) throw new Error(greeting);
  await client.say('EHLO client.example');
  return client;
};

/** Lines of a mail with a file, CRLF, without its final dot. */
export const mailWith = (csv: string, { from = 'reports@brand.example', id = '<1@brand.example>' } = {}): string =>
  [
    `From: <${from}>`,
    'To: <whoever@example.test>',
    'Subject: returns',
    `Message-ID: ${id}`,
    'MIME-Version: 1.0',
    'Content-Type: text/csv; name="returns.csv"',
    'Content-Disposition: attachment; filename="returns.csv"',
    'Content-Transfer-Encoding: base64',
    '',
    ...(Buffer.from(csv)
      .toString('base64')
      .match(/.{1,76}/g) ?? []),
    '',
  ].join('\r\n');

/** Sends one mail over an open connection; resolves to the last reply. */
export const sendOver = async (
  client: SmtpClient,
  to: readonly string[],
  mail: string | Buffer,
  from = 'reports@brand.example',
): Promise<string> => {
  const begun = await client.say(`MAIL FROM:<${from}>`);
  if (!begun.startsWith('250')) return begun;
  let taken = 0;
  let last = '';
  for (const one of to) {
    last = await client.say(`RCPT TO:<${one}>`);
    if (last.startsWith('250')) taken++;
  }
  if (taken === 0) return last;
  await client.say('DATA');
  client.write(mail);
  return client.say('.');
};
