import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program as people start it, but with node directly: a killed npx would leave a lock behind. */
const bin = fileURLToPath(new URL('../../src/cli/nightdrop.mjs', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** What it has said so far. */
  said: { stdout: string; stderr: string };
  /** Resolves when it has ended. */
  ended: Promise<Ended>;
}

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** User and group to run as, where the test runs as root. */
  uid?: number;
  gid?: number;
}

/** Starts `nightdrop` with these arguments. */
export const start = (args: readonly string[], options: StartOptions = {}): Running => {
  const { env, ...rest } = options;
  const child = spawn(process.execPath, [bin, ...args], { ...rest, env: { ...process.env, ...env } });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return { child, said, ended };
};

/** Runs one command to its end. */
export const nightdrop = (args: readonly string[], options: StartOptions = {}): Promise<Ended> =>
  start(args, options).ended;

/** A place of its own for one test: a configuration, a data folder, and the command line that uses them. */
export interface Place {
  folder: string;
  config: string;
  data: string;
  /** Where the partner finds its files. */
  drop: string;
  /** Writes a file of the configuration. */
  write(name: string, text: string): void;
  /** Runs a command here. */
  run(...args: string[]): Promise<Ended>;
  start(...args: string[]): Running;
  /** Ends what still runs and removes everything. */
  remove(): Promise<void>;
}

export const eventTypeYaml = `name: Online sale
code: online_sale
currency: USD
timezone: America/New_York
locking: { months: 1, days: 0 }
payout: keep
`;

/** A partner with one feed into a folder; \`feed\` adds lines to the feed. */
export const partnerYaml = (schedule = '0 2 * * *', feed = ''): string => `name: Acme Travel
feeds:
  acme:
    schedule: "${schedule}"
    timezone: Australia/Sydney
    transactions: { eventTypes: [4521] }
    file:
      name: "acme_{number:06}.csv"
      columns: [transactionId, orderId, amount, email]
    drops: [acme-folder]
${feed}
drops:
  acme-folder:
    kind: folder
    folder: drop
`;

export const nightdropYaml = (url = 'sqlite:nightdrop.db', more = ''): string =>
  `database: { url: "${url}" }\nweb: { listen: "127.0.0.1:0" }\n${more}`;

export const makePlace = (url?: string): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-cli-'));
  const [config, data] = [join(folder, 'config'), join(folder, 'data')];
  const running = new Set<Running>();
  const write = (name: string, text: string): void => {
    mkdirSync(join(config, name, '..'), { recursive: true });
    writeFileSync(join(config, name), text);
  };
  const begin = (...args: string[]): Running => {
    const one = start([...args, '--config', config, '--data', data]);
    running.add(one);
    void one.ended.then(() => running.delete(one));
    return one;
  };
  write('nightdrop.yaml', nightdropYaml(url));
  write('partners/acme.yaml', partnerYaml());
  write('event-types/4521.yaml', eventTypeYaml);
  return {
    ...{ folder, config, data, drop: join(data, 'drop'), write, start: begin },
    run: (...args) => begin(...args).ended,
    remove: async () => {
      for (const one of running) {
        one.child.kill('SIGKILL');
        await one.ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** A ledger file of \`count\` orders from \`first\` on, 10.00 each. */
export const ledgerCsv = (first: number, count: number): string =>
  [
    'eventTypeId,partner,orderId,eventDate,amount,email',
    ...Array.from({ length: count }, (_, i) => ledgerLine(first + i)),
  ]
    .map((line) => `${line}\n`)
    .join('');

const ledgerLine = (n: number): string => `4521,acme,ORDER-${n},2026-11-20T10:00:00Z,10.00,shopper${n}@example.test`;
