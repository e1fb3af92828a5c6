import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from '../servers/free-port.ts';
import { smtpSinkMissing, startSmtpSink } from '../servers/smtp-sink.ts';
import type { LoopDelay } from './loop-delay.ts';
import { type BenchRow, median, timed } from './row.ts';

const run = promisify(execFile);
const rounds = 3;
const mails = 1000;

/** Ten connections that are kept, and 100 KB each; the load is Postfix's own. */
const send = (port: number) =>
  run('/usr/sbin/smtp-source', [
    ...['-d', '-s', '10', '-m', String(mails), '-l', '102400', '-f', 'shop@brand.example'],
    ...['-t', 'sale@submit.example.test', `127.0.0.1:${port}`],
  ]);

interface Receiver<T = unknown> {
  port: number;
  stop(): Promise<T>;
}

interface Seen extends LoopDelay {
  rssMb: number;
  accepted: number;
}

/** Our listener: stopping it tells what was seen of it. */
const startOurs = async (folder: string): Promise<Receiver<Seen>> => {
  const program = new URL('smtp-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  const port = Number(await next());
  return {
    port,
    stop: async () => {
      const gone = once(child, 'exit');
      child.stdin.end();
      const seen = JSON.parse(await next()) as Seen;
      await gone;
      return seen;
    },
  };
};

const mainCf = (folder: string): string => `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/mail.log
maillog_file_prefixes = ${folder}
inet_interfaces = 127.0.0.1
mydestination =
mynetworks = 127.0.0.0/8
relay_domains = submit.example.test
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit_mynetworks
smtpd_peername_lookup = no
disable_dns_lookups = yes
alias_maps =
alias_database =
message_size_limit = 50000000
`;

/** Postfix with a configuration of its own. It keeps every mail in its queue and delivers none, so it only accepts. */
const startPostfix = async (folder: string): Promise<Receiver> => {
  const port = await freePort();
  const own = join(folder, 'postfix');
  chmodSync(folder, 0o755);
  for (const name of ['', 'queue', 'data']) mkdirSync(join(own, name), { mode: 0o755 });
  await run('chown', ['postfix', join(own, 'data')]);
  const services = readFileSync('/usr/share/postfix/master.cf.dist', 'utf8')
    .replace(/^smtp\s+inet\s.*$/m, `127.0.0.1:${port} inet n - n - - smtpd`)
    .replace(/^(\S+\s+(?:unix|fifo)\s+\S+\s+\S+\s+)y/gm, '$1n');
  writeFileSync(join(own, 'main.cf'), mainCf(own));
  writeFileSync(join(own, 'master.cf'), services);
  const command = (word: string) => run('/usr/sbin/postfix', ['-c', own, word]);
  await command('start');
  return { port, stop: () => command('stop') };
};

const rowOf = (
  peer: string,
  ours: readonly number[],
  theirs: readonly number[],
  share: number,
  note: string,
): BenchRow => {
  const [oursMs, peerMs] = [median(ours), median(theirs)];
  const ratio = oursMs / peerMs;
  const met = peerMs / oursMs >= share;
  const rate = (ms: number): string => `${Math.round((mails * 1000) / ms)}`;
  return {
    work: `${mails} mails of 100 KB over 10 kept connections, on disk and committed`,
    ...{ peer, oursMs, peerMs, ratio, met },
    budget: `≥ ${share} × its rate`,
    note: `${rate(oursMs)} beside ${rate(peerMs)} mails in a second; ${note}`,
  };
};

/** Mails accepted so that they last, beside Postfix's test server (no fsync) and Postfix itself. In turns; the first is not counted. */
export const smtpRows = async (): Promise<BenchRow[]> => {
  const missing = await smtpSinkMissing();
  if (missing) throw new Error(missing);
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-bench-'));
  const times = { ours: [] as number[], sink: [] as number[], postfix: [] as number[] };
  const [ours, sink, postfix] = [await startOurs(folder), await startSmtpSink(), await startPostfix(folder)];
  try {
    for (let round = 0; round <= rounds; round++) {
      const one = await timed(() => send(ours.port));
      const other = await timed(() => send(sink.port));
      const third = await timed(() => send(postfix.port));
      if (round === 0) continue;
      times.ours.push(one);
      times.sink.push(other);
      times.postfix.push(third);
    }
    const { p99, max, rssMb, accepted } = await ours.stop();
    if (accepted !== mails * (rounds + 1)) throw new Error(`${accepted} mails were accepted`);
    const note = `RSS ${rssMb} MB; loop delay ${p99} ms p99, ${max} ms max`;
    return [
      rowOf('smtp-sink -d (no fsync)', times.ours, times.sink, 0.7, note),
      rowOf('Postfix, into its queue', times.ours, times.postfix, 1, note),
    ];
  } finally {
    await sink.stop();
    await postfix.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
