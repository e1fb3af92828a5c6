import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** The records of one name. `trouble` answers every question for it so, or not at all. */
export interface DnsName {
  TXT?: string[];
  A?: string[];
  AAAA?: string[];
  MX?: [priority: number, host: string][];
  trouble?: 'SERVFAIL' | 'REFUSED' | 'silence';
}

/** Names in lower case; what is not there, and nothing below it, does not exist (NXDOMAIN). */
export type Zone = Record<string, DnsName>;

export interface DnsServer {
  /** `127.0.0.1:PORT`. */
  address: string;
  zone: Zone;
  /** `TYPE name` of each question, in the order in which they came; those over TCP with `TCP ` in front. */
  questions: string[];
  close(): Promise<void>;
}

const types: Record<number, 'A' | 'MX' | 'TXT' | 'AAAA'> = { 1: 'A', 15: 'MX', 16: 'TXT', 28: 'AAAA' };
const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };
const mostOverUdp = 512;

const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);

const addressBytes = (address: string): Buffer => {
  const [head = '', tail = ''] = address.split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [front, back] = [words(head), words(tail)];
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
};

const textBytes = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 255) || 1 }, (_, i) =>
    bytes.subarray(i * 255, i * 255 + 255),
  );
  return Buffer.concat(pieces.flatMap((piece) => [Buffer.from([piece.length]), piece]));
};

const answersTo = (found: DnsName, type: string): Buffer[] => {
  switch (type) {
    case 'TXT':
      return (found.TXT ?? []).map(textBytes);
    case 'A':
      return (found.A ?? []).map((address) => Buffer.from(address.split('.').map(Number)));
    case 'AAAA':
      return (found.AAAA ?? []).map(addressBytes);
    case 'MX':
      return (found.MX ?? []).map(([rank, host]) =>
        Buffer.concat([Buffer.from([rank >> 8, rank & 255]), nameBytes(host)]),
      );
    default:
      return [];
  }
};

interface Question {
  name: string;
  type: number;
  /** The question's own bytes. */
  bytes: Buffer;
}

const questionIn = (query: Buffer): Question => {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), bytes: query.subarray(12, at + 5) };
};

const reply = (query: Buffer, question: Question, code: number, answers: Buffer[], truncated: boolean): Buffer => {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(query.readUInt16BE(0), 0);
  head.writeUInt16BE(0x8580 | (truncated ? 0x0200 : 0) | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  const records = answers.map((data) => {
    const front = Buffer.alloc(12);
    front.writeUInt16BE(0xc00c, 0);
    front.writeUInt16BE(question.type, 2);
    front.writeUInt16BE(1, 4);
    front.writeUInt16BE(data.length, 10);
    return Buffer.concat([front, data]);
  });
  return Buffer.concat([head, question.bytes, ...records]);
};

const exists = (zone: Zone, name: string): boolean =>
  Object.keys(zone).some((one) => one === name || one.endsWith(`.${name}`));

/** The answer, or undefined for none. */
const answer = (zone: Zone, query: Buffer, overTcp: boolean): Buffer | undefined => {
  const question = questionIn(query);
  const found = zone[question.name];
  if (found?.trouble === 'silence') return undefined;
  if (found?.trouble) return reply(query, question, codes[found.trouble], [], false);
  const answers = found ? answersTo(found, types[question.type] ?? '') : [];
  const whole = reply(query, question, exists(zone, question.name) ? codes.NOERROR : codes.NXDOMAIN, answers, false);
  if (overTcp || whole.length <= mostOverUdp) return whole;
  return reply(query, question, codes.NOERROR, [], true);
};

/** One port that is free for TCP and for UDP; whoever has the one may find the other taken. */
const bindBoth = async (tries = 20): Promise<{ tcp: Server; udp: UdpSocket; port: number }> => {
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.bind(port, '127.0.0.1');
  try {
    await once(udp, 'listening');
    return { tcp, udp, port };
  } catch (error) {
    udp.close();
    tcp.close();
    if (tries === 1) throw error;
    return bindBoth(tries - 1);
  }
};

/** A name server for one zone, over UDP and TCP. The zone may be changed while it runs. */
export const startDns = async (zone: Zone): Promise<DnsServer> => {
  const questions: string[] = [];
  const note = (query: Buffer, front: string): void => {
    const { name, type } = questionIn(query);
    questions.push(`${front}${types[type] ?? type} ${name}`);
  };
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket.on('error', () => undefined));
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const query = rest.subarray(2, 2 + rest.readUInt16BE(0));
        rest = rest.subarray(2 + query.length);
        note(query, 'TCP ');
        const said = answer(zone, query, true);
        if (said) socket.write(Buffer.concat([Buffer.from([said.length >> 8, said.length & 255]), said]));
      }
    });
  };
  const { tcp, udp, port } = await bindBoth();
  tcp.on('connection', onConnection);
  udp.on('message', (query, from) => {
    note(query, '');
    const said = answer(zone, query, false);
    if (said) udp.send(said, from.port, from.address);
  });
  return {
    address: `127.0.0.1:${port}`,
    zone,
    questions,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([new Promise((done) => tcp.close(done)), new Promise<void>((done) => udp.close(done))]);
    },
  };
};
