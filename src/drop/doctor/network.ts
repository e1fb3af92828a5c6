import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { DropFault } from '../drop.ts';
import { within } from '../deadline.ts';
import { faultOf, timeoutFault, type Step } from '../fault-table.ts';
import { networkErrors } from '../network-faults.ts';

/** A server, how long to wait for it (milliseconds), and what ends the wait from outside. */
export interface Host {
  host: string;
  port: number;
  stepTimeout: number;
  signal?: AbortSignal | undefined;
}

const fault = (error: unknown, step: Step): unknown => {
  if (error instanceof DropFault) return error;
  const words = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = networkErrors[code] ?? { code: 'cut', next: 'retry', hint: 'ask who closes the connection' };
  return faultOf(known, step, words, error);
};

const stepAt = ({ host, port }: Host, operation: string): Step => ({
  operation,
  object: `${host}:${port}`,
  inFolder: false,
});

/** The addresses of the host's name; an address is its own. Faults: `unreachable`, `timeout`. */
export const addressesOf = async (at: Host): Promise<string[]> => {
  if (isIP(at.host) !== 0) return [at.host];
  const step = stepAt(at, 'look up');
  const late = () => timeoutFault(step, at.stepTimeout, 'the name server does not answer: check it');
  try {
    const found = await within(lookup(at.host, { all: true }), at.stepTimeout, late);
    return [...new Set(found.map(({ address }) => address))];
  } catch (error) {
    throw fault(error, step);
  }
};

/** An open connection that nothing has been sent over. Faults: `unreachable`, `timeout`, `cut`. */
export const dial = async (at: Host): Promise<Socket> => {
  const step = stepAt(at, 'connect to');
  const socket = connect({ host: at.host, port: at.port, noDelay: true });
  const end = () => void socket.destroy(new Error('told to stop'));
  if (at.signal?.aborted) end();
  at.signal?.addEventListener('abort', end, { once: true });
  socket.once('close', () => at.signal?.removeEventListener('abort', end));
  const open = new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    // Stays for good: a late error that nobody listens to ends the process.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection ended')));
  });
  try {
    await within(open, at.stepTimeout, () => timeoutFault(step, at.stepTimeout, 'a firewall often drops such calls'));
    return socket;
  } catch (error) {
    socket.destroy();
    throw fault(error, step);
  }
};

/** The first of the addresses that takes the call, with the milliseconds it took, and what the others said. */
export const reachOne = async (
  at: Host,
  addresses: readonly string[],
): Promise<{ address: string; ms: number; deaf: string[] }> => {
  const deaf: string[] = [];
  let last: unknown;
  const stepTimeout = Math.max(1, at.stepTimeout / addresses.length);
  for (const address of addresses) {
    const from = performance.now();
    try {
      (await dial({ ...at, host: address, stepTimeout })).destroy();
      return { address, ms: performance.now() - from, deaf };
    } catch (error) {
      last = error;
      deaf.push(`${address}: ${error instanceof DropFault ? error.reason : String(error)}`);
    }
  }
  throw last;
};

/** What a server says first; `ended` when it hung up. */
export interface Greeting {
  bytes: Buffer;
  ended: boolean;
  /** It spoke only after we had. */
  prompted: boolean;
}

/** Most bytes of a greeting that are looked at. */
const longest = 4096;

/**
 * Listens until `enough` or until the server hangs up or falls silent, and says `opening` after `patience` milliseconds of
 * silence: what speaks another protocol then often answers.
 */
export const hear = async (
  at: Host,
  enough: (bytes: Buffer) => boolean,
  opening: { text: string; patience: number },
): Promise<Greeting> => {
  const socket = await dial(at);
  let bytes = Buffer.alloc(0);
  const heard = new Promise<Greeting>((resolve) => {
    let prompted = false;
    const end = (ended: boolean) => resolve({ bytes, ended, prompted });
    const speak = () => {
      if (bytes.length > 0) return;
      prompted = true;
      socket.write(opening.text);
    };
    const speaking = setTimeout(speak, opening.patience);
    const waiting = setTimeout(() => end(false), at.stepTimeout);
    socket.on('data', (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]).subarray(0, longest);
      if (bytes.length === longest || enough(bytes)) end(false);
    });
    socket.once('close', () => {
      clearTimeout(speaking);
      clearTimeout(waiting);
      end(true);
    });
  });
  return heard.finally(() => socket.destroy());
};

/** Whether an address is one that is not reached over the internet (RFC 1918, 6598, 3927, 4193; loopback). */
export const isPrivate = (address: string): boolean =>
  /^(10\.|127\.|0\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    address,
  ) || /^(::1$|f[cd]|fe80:)/i.test(address);

/** The addresses of this machine that a partner may see, for "ask the partner to let us in". */
export const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).filter((one) => !one.internal && !one.address.startsWith('fe80:')).map((one) => one.address),
  );

/** Between two tries at a server that is busy, in milliseconds, and how many there are. */
const pauseMs = 400;
const tries = 6;

/**
 * Tries again for a moment while the server is busy: one that allows a single session may not yet have noticed that our
 * connection before this one has ended.
 */
export const whileBusy = async <T>(
  work: () => Promise<T>,
  isBusy: (outcome: T | undefined, error: unknown) => boolean,
  signal: AbortSignal | undefined,
): Promise<T> => {
  for (let n = 1; ; n++) {
    const outcome = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const again = 'value' in outcome ? isBusy(outcome.value, undefined) : isBusy(undefined, outcome.error);
    if (again && n < tries && signal?.aborted !== true) await pause(pauseMs);
    else if ('value' in outcome) return outcome.value;
    else throw outcome.error;
  }
};

/** Whether a fault says that the server has as many sessions as it allows. */
export const saysBusy = (_: unknown, error: unknown): boolean => error instanceof DropFault && error.code === 'busy';
