import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '../until.ts';

const listener = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  console.log(this.address().port);
})`;

/** What Linux lets wait for a program that asks for a backlog of 1. */
const waitingRoom = 2;

/** A port on which nobody takes the call, as behind a firewall that drops it: its program is stopped, and others wait. */
export const startDeaf = async (): Promise<{ port: number; stop(): void }> => {
  const program = spawn(process.execPath, ['-e', listener]);
  const [line] = (await once(program.stdout, 'data')) as [Buffer];
  program.kill('SIGSTOP');
  const port = Number(line.toString());
  let inside = 0;
  const waiting = Array.from({ length: waitingRoom + 2 }, () =>
    connect({ host: '127.0.0.1', port }, () => void inside++).on('error', () => undefined),
  );
  await until(() => inside >= waitingRoom, 'the waiting room is full');
  const stop = (): void => {
    for (const socket of waiting) socket.destroy();
    program.kill('SIGKILL');
  };
  return { port, stop };
};
