import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { at, need } from './packages.ts';
import { freePort } from './free-port.ts';

/** Postfix's own test server: a real SMTP receiver that writes each mail into a file. */
export interface SmtpSink {
  port: number;
  /** Each mail as it was received, with the envelope in `X-…-Args` lines before it; oldest first. */
  mails(): string[];
  stop(): Promise<void>;
}

const program = '/usr/sbin/smtp-sink';

/** Why there can be none here; undefined when there can. */
export const smtpSinkMissing = (): Promise<string | undefined> => need(['postfix'], at(program));

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false));
  });

/** Starts one on a free port. Call `smtpSinkMissing` first. */
export const startSmtpSink = async (...options: string[]): Promise<SmtpSink> => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-mails-'));
  chmodSync(folder, 0o777);
  const port = await freePort();
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const args = [...asUser, ...options, '-d', 'mail.%s.', `127.0.0.1:${port}`, '20'];
  const server = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(server, 'exit');
  for (let tries = 0; !(await answers(port)); tries++) {
    if (server.exitCode !== null || tries === 2400) throw new Error(`smtp-sink: ${String(server.stderr.read())}`);
    await pause(25);
  }
  return {
    port,
    mails: () =>
      readdirSync(folder)
        .sort()
        .map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n'))
        .filter((text) => text.includes('\n\n')),
    stop: async () => {
      server.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
