import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** `up` is from the client to the server. */
export type Way = 'up' | 'down';

/** A TCP proxy with faults. They count for every connection, those that are open included. */
export interface Proxy {
  port: number;
  /** Bytes that have passed since the last connection was made. */
  passed(way: Way): number;
  /** Connections made so far. */
  connections(): number;
  /** Ends the connection (with a reset) once that many bytes of it have passed. */
  cutAfter(way: Way, bytes: number): void;
  /** Ends the connection both ways with a plain FIN once that many bytes of it have passed. */
  endAfter(way: Way, bytes: number): void;
  /** Lets that many bytes of each connection pass and swallows the rest; the connection stays open. */
  silentAfter(way: Way, bytes: number): void;
  /** As `silentAfter`, but the rest waits until `release`. */
  holdAfter(way: Way, bytes: number): void;
  /** From now on nothing passes in this direction. */
  swallow(way: Way): void;
  /** As a firewall that has forgotten its connections: nothing of those that are there passes any more this way. */
  forget(way: Way): void;
  /** Ends all connections now. */
  cut(): void;
  /** No faults any more; what was held goes on. */
  release(): void;
  close(): Promise<void>;
}

interface Faults {
  cut?: number;
  end?: number;
  silent?: number;
  hold?: number;
}

interface Lane {
  way: Way;
  from: Socket;
  to: Socket;
  passed: number;
  held: Buffer[];
  /** The sender has closed its side; not told yet where bytes are held before it. */
  ended: boolean;
  /** Nothing passes any more. */
  forgotten: boolean;
}

/** Delivers each chunk `ms` after it came, in order, without a limit on what is under way. */
const delayed = (ms: number, deliver: (chunk: Buffer) => void): ((chunk: Buffer) => void) => {
  if (ms === 0) return deliver;
  return (chunk) => void setTimeout(() => deliver(chunk), ms);
};

const pass = (lane: Lane, faults: Faults, chunk: Buffer): void => {
  if (lane.forgotten) return;
  // What is held stays in order: nothing small may slip past it.
  if (faults.hold !== undefined && (lane.held.length > 0 || lane.passed + chunk.length > faults.hold)) {
    lane.held.push(chunk);
    return;
  }
  const limit = Math.min(faults.cut ?? Infinity, faults.end ?? Infinity, faults.silent ?? Infinity);
  const part = chunk.subarray(0, Math.max(0, limit - lane.passed));
  lane.passed += part.length;
  if (part.length > 0 && lane.to.writable) lane.to.write(part);
  if (faults.end !== undefined && lane.passed >= faults.end) {
    lane.to.end();
    lane.from.end();
  }
  if (faults.cut !== undefined && lane.passed >= faults.cut) {
    lane.to.destroySoon();
    lane.from.resetAndDestroy();
  }
};

/** Tells the other side that no more comes, unless something before it is held or swallowed. */
const endLane = (lane: Lane, faults: Faults): void => {
  lane.ended = true;
  if (lane.held.length === 0 && faults.silent === undefined && !lane.forgotten) lane.to.end();
};

/**
 * A proxy on a port of its own before `target` (a port of this machine). `roundTrip` in milliseconds, half each way.
 * `listen`: on another address of this machine, for servers that name further ports.
 */
export const startProxy = async (
  target: number,
  roundTrip = 0,
  listen = { host: '127.0.0.1', port: 0 },
): Promise<Proxy> => {
  const faults: Record<Way, Faults> = { up: {}, down: {} };
  const lanes = new Set<Lane>();
  let last: Record<Way, Lane> | undefined;
  let connections = 0;
  const open = (way: Way, from: Socket, to: Socket): Lane => {
    const lane: Lane = { way, from, to, passed: 0, held: [], ended: false, forgotten: false };
    lanes.add(lane);
    const deliver = delayed(roundTrip / 2, (chunk) => pass(lane, faults[way], chunk));
    from.on('data', deliver);
    from.on('end', () => setTimeout(() => endLane(lane, faults[way]), roundTrip / 2));
    from.on('error', () => to.destroy());
    from.on('close', () => setTimeout(() => to.destroy(), roundTrip / 2 + 20));
    return lane;
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    connections++;
    const upstream = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true });
    last = { up: open('up', client, upstream), down: open('down', upstream, client) };
  });
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  const cut = () => {
    for (const lane of lanes) lane.from.resetAndDestroy();
    lanes.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    passed: (way) => last?.[way].passed ?? 0,
    connections: () => connections,
    endAfter: (way, bytes) => void (faults[way].end = bytes),
    cutAfter: (way, bytes) => void (faults[way].cut = bytes),
    silentAfter: (way, bytes) => void (faults[way].silent = bytes),
    holdAfter: (way, bytes) => void (faults[way].hold = bytes),
    swallow: (way) => void (faults[way].silent = 0),
    forget: (way) => {
      for (const lane of lanes) if (lane.way === way) lane.forgotten = true;
    },
    cut,
    release: () => {
      faults.up = {};
      faults.down = {};
      for (const lane of lanes) {
        const held = lane.held.splice(0);
        for (const chunk of held) pass(lane, {}, chunk);
        if (held.length > 0 && lane.ended) lane.to.end();
      }
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
