import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what Linux hands out for port 0 (32768 and up), so that no connection or listener of others comes in between. */
const lowest = 12_000;
const portsOfEach = 1_000;

/** Test files that run side by side have different numbers; 0 is the process that starts them. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 20;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port);
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  await new Promise((resolve) => void server.close(resolve));
  return free;
};

/** Whoever asks may use the following port too, for a server's range. */
const step = 2;

let next = step * randomInt(portsOfEach / step);

/** A port for a server that cannot choose one by itself: free now, and nobody else's while it starts. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < portsOfEach / step; tries++) {
    const port = lowest + worker * portsOfEach + (next % portsOfEach);
    next += step;
    if (await isFree(port)) return port;
  }
  throw new Error('there is no free port');
};
