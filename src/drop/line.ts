import type { Socket } from 'node:net';
import type { Fault } from '../fault.ts';
import { within } from './deadline.ts';
import { timeoutFault, type Step } from './fault-table.ts';

/** How the other side answers a request. */
export type Done<T> = (error?: Error | null, value?: T) => void;

/** Makes a fault of whatever a failed step threw. */
export type Sort = (error: unknown, step: Step) => Fault;

/**
 * One connection while it lives. Every wait on it ends: with the answer, with the loss of the connection, or with its
 * deadline. A step that met its deadline ends the connection, so that nothing late can happen through it.
 */
export class Line {
  socket: Socket;
  readonly stepTimeout: number;
  /** Why the connection is gone. */
  lost: unknown;
  #gathering = false;
  readonly #sort: Sort;
  readonly #waiting = new Set<(error: unknown) => void>();
  readonly #atEnd = new Set<() => void>();

  constructor(socket: Socket, stepTimeout: number, sort: Sort) {
    this.socket = socket;
    this.stepTimeout = stepTimeout;
    this.#sort = sort;
    this.watch(socket);
  }

  /** From now on this socket is the connection: at first the plain one, later the TLS on top of it. */
  watch(socket: Socket): void {
    this.socket = socket;
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(new Error('the connection ended')));
  }

  /** The connection is gone: everybody who waits is told. Only the first reason counts. */
  end(reason: unknown): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    this.socket.destroy();
    // The newest first: TLS must go before the socket below it.
    for (const act of [...this.#atEnd].reverse()) act();
    for (const tell of this.#waiting) tell(reason);
  }

  /** Calls `act` when the connection ends; the function takes that back. */
  onEnd(act: () => void): () => void {
    if (this.lost !== undefined) act();
    else this.#atEnd.add(act);
    return () => void this.#atEnd.delete(act);
  }

  /** A further socket that ends when this connection ends. */
  accompany(socket: Socket): void {
    socket.once(
      'close',
      this.onEnd(() => socket.destroy()),
    );
  }

  /** Waits for `work`; its failure, the loss of the connection and the deadline become DropFaults of this step. */
  wait<T>(step: Step, work: Promise<T>, progress?: () => number): Promise<T> {
    return this.#within(step, work, (fault) => this.end(fault), progress);
  }

  /** As `wait`, but the connection stays when the deadline is met. */
  waitGently<T>(step: Step, work: Promise<T>, progress?: () => number): Promise<T> {
    return this.#within(step, work, () => undefined, progress);
  }

  /** Sends one request and waits for its answer. */
  ask<T>(step: Step, send: (done: Done<T>) => void, progress?: () => number): Promise<T> {
    const answer = () =>
      new Promise<T>((resolve, reject) => {
        if (this.lost !== undefined) throw asLost(this.lost);
        send((error, value) => (error ? reject(error) : resolve(value as T)));
      });
    return this.wait(step, answer(), progress);
  }

  /** As `ask`, for a request whose answer is more than a yes; a bare yes is none. */
  get<T extends object>(step: Step, send: (done: Done<T>) => void): Promise<T> {
    const bareYes = () => new Error('invalid answer: yes, and nothing else');
    return this.ask<T>(step, (done) => send((error, value) => done(error ?? (value ? null : bareYes()), value)));
  }

  /**
   * What is sent from now until the event loop turns leaves together. ssh2 cuts a request into packets and each packet
   * into three small pieces; a system call for each of them costs more than the encryption.
   */
  gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.socket.cork();
    process.nextTick(() => {
      this.#gathering = false;
      this.socket.uncork();
    });
  }

  async #within<T>(step: Step, work: Promise<T>, onLate: (fault: Fault) => void, progress?: () => number): Promise<T> {
    const late = () => {
      const fault = timeoutFault(step, this.stepTimeout, 'the server is silent; it is tried again');
      onLate(fault);
      return fault;
    };
    try {
      return await within(this.#orLost(work), this.stepTimeout, late, progress);
    } catch (error) {
      throw this.#sort(error, step);
    }
  }

  #orLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // An answer may have come together with the end: whoever waits shall see the answer first.
      const tell = (reason: unknown) => void setImmediate(() => reject(asLost(reason)));
      if (this.lost !== undefined) reject(asLost(this.lost));
      this.#waiting.add(tell);
      work.then(resolve, reject).finally(() => this.#waiting.delete(tell));
    });
  }
}

/**
 * What the loss of the connection looks like to a step that waits. Another step's fault is only the cause; a number is
 * a reason for the disconnection (SSH has such) and must not be read as the answer to this step.
 */
const asLost = (reason: unknown): Error => {
  if (!(reason instanceof Error) || reason.name === 'Fault')
    return new Error('the connection ended', { cause: reason });
  // ssh2's words for a packet that it cannot read.
  if (reason instanceof TypeError) return new Error('invalid packet', { cause: reason });
  const code = 'code' in reason ? reason.code : undefined;
  return typeof code === 'number' ? new Error(`disconnected: ${reason.message}`, { cause: reason }) : reason;
};
