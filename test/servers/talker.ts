import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that knows no protocol: it does with each connection what it is told. */
export interface Talker {
  port: number;
  close(): Promise<void>;
}

export const startTalker = async (talk: (socket: Socket) => void): Promise<Talker> => {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.resume();
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

/** Sends this over and over until the other side has had enough. */
export const withoutEnd = (socket: Socket, bytes: Buffer | string): void => {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes)) if (socket.writableLength > 1_000_000) break;
  };
  socket.on('drain', () => setTimeout(more, 1));
  more();
};
