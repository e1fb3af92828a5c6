import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { checkSuffix } from '../inbound/mail/addresses.ts';
import { mailFile, type Taken } from '../notify/mail.ts';
import { isoInstant } from '../clock.ts';
import { Fault } from '../fault.ts';
import type { Intake, Mail, Settings } from '../settings/settings.ts';
import { argument, flag, textOption, wrongUse } from './arguments.ts';
import type { Call, CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { eventTypeNamed } from './submit.ts';
import { readSettings } from './wire.ts';

const mailOf = ({ mail }: Settings): Mail => {
  if (mail) return mail;
  throw wrongUse('mail', 'no mail is taken here', 'write a section mail in nightdrop.yaml');
};

/** The address that is in use the longest. */
const localOf = ({ addresses }: Intake, id: number, today: string): string => {
  const open = addresses.find(({ until }) => until === undefined) ?? addresses.find(({ until = '' }) => until >= today);
  if (open) return open.local;
  const hint = `make one with "nightdrop address --event-type ${id}" and write it into event-types/${id}.yaml`;
  throw wrongUse(`the event type "${id}"`, 'it has no address', hint);
};

/** One who may send: the first sender that is named, or somebody of the first domain. */
const senderOf = ({ senders: [first] }: Intake): string => first?.replace(/^\*@/, 'reports@') ?? 'reports@localhost';

/** Where the listener is reached from this machine. */
const hereOf = ({ listen: { host, port } }: Mail): { host: string; port: number } => {
  const everywhere: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: everywhere[host] ?? host, port };
};

const fileOf = (path: string): { name: string; bytes: number } => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return { name: basename(path), bytes: found.size };
  const reason = found ? 'it is no file' : 'it does not exist';
  throw new Fault({
    ...{ operation: 'read', object: path, reason, hint: 'check the path' },
    ...{ next: 'refuse', code: 'unreadable' },
  });
};

interface Mailed extends Taken {
  from: string;
  to: string;
  server: string;
  file: string;
  bytes: number;
}

const mailedText = ({ taken, answer, from, to, server, file }: Mailed): string =>
  [
    `${file}, from ${from} to ${to}`,
    `${server} answered: ${answer}`,
    ...(taken
      ? ['What becomes of it: npx nightdrop submissions']
      : ['Refused mail: npx nightdrop submissions --refused']),
  ].join('\n');

const notRunning = ({ host, port }: { host: string; port: number }, cause: Fault): Fault =>
  new Fault({
    ...{ operation: 'mail a file to', object: `${host}:${port}`, reason: cause.reason, next: 'retry', cause },
    ...{ hint: 'start the service first (npm start); the address is mail.listen', code: 'unreachable' },
  });

const send = async (call: Call, settings: Settings, now: number): Promise<Mailed> => {
  const path = argument(call, 0);
  const id = textOption(call, 'eventType');
  if (id === undefined) throw wrongUse('mail', 'no event type is given', 'say which: --event-type ID');
  const [eventType, listener] = [eventTypeNamed({ settings }, id), mailOf(settings)];
  const intake = settings.intakes.get(eventType.id) ?? {
    addresses: [],
    senders: [],
    authentication: 'off',
    reply: 'none',
  };
  const local = localOf(intake, eventType.id, isoInstant(now).slice(0, 10));
  const to = `${local}${flag(call, 'check') ? checkSuffix : ''}@${listener.domain}`;
  const from = textOption(call, 'from') ?? senderOf(intake);
  const { name, bytes } = fileOf(path);
  const server = { ...hereOf(listener), from };
  const mailing = mailFile(server, { from, to, file: { name, content: createReadStream(path) } });
  const taken = await mailing.catch((error: unknown) => {
    throw error instanceof Fault && error.code === 'unreachable' ? notRunning(server, error) : error;
  });
  return { ...taken, from, to, server: `${server.host}:${server.port}`, file: name, bytes };
};

export const mail: CliCommand = {
  name: 'mail',
  args: [{ name: '<file>', text: 'what to attach' }],
  options: [
    { flags: '--event-type <id>', text: 'to the address of this event type' },
    { flags: '--from <address>', text: 'the sender (default: one who may send)' },
    { flags: '--check', text: 'to the +check form of the address: a dry run' },
  ],
  summary: 'mails a file to our own listener, as an advertiser would, and says what it answered',
  details: 'The service must run. Exit code 0 when the mail was taken, 1 when it was refused.',
  examples: [
    ['mail returns.csv --event-type 4521', 'what becomes of it is in "submissions"'],
    ['mail returns.csv --event-type 4521 --from stranger@elsewhere.example', 'is refused'],
  ],
  run: async (call, session) => {
    const mailed = await send(call, await readSettings(session), session.clock.now());
    session.out.answer(mailed, mailedText);
    return mailed.taken ? exit.done : exit.failed;
  },
};
