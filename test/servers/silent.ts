import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Silent {
  port: number;
  /** Connections that were made so far. */
  calls(): number;
  /** Those that are there now. */
  connected(): number;
  stop(): Promise<void>;
}

/** A server that takes connections and never says a word. */
export const startSilent = async (): Promise<Silent> => {
  const sockets = new Set<Socket>();
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    calls: () => calls,
    connected: () => sockets.size,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
};
