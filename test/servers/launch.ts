import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Whether somebody greets there, or where clients speak first, takes the call. */
const answers = (host: string, port: number, greets: boolean): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => (socket.destroy(), resolve(answer));
    socket
      .once(greets ? 'data' : 'connect', () => end(true))
      .once('error', () => end(false))
      .once('close', () => end(false));
  });

export const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Starts a server that stays in the foreground, waits until it greets, and gives what ends it. Its words go to `log`. */
export const launch = async (
  command: string[],
  port: number,
  log: string,
  env: Record<string, string> = {},
  greets = true,
  host = '127.0.0.1',
): Promise<() => Promise<void>> => {
  const [program = '', ...args] = command;
  const out = openSync(log, 'a');
  const server = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  closeSync(out);
  const gone = once(server, 'exit');
  for (let tries = 0; !(await answers(host, port, greets)); tries++) {
    if (server.exitCode !== null || tries === 2400) {
      server.kill('SIGKILL');
      throw new Error(`${program}: ${textOf(log)}`);
    }
    await pause(25);
  }
  return async () => {
    server.kill('SIGTERM');
    await gone;
  };
};
