import type { Socket } from 'node:net';
import type { SFTPWrapper } from 'ssh2';
import { within } from './deadline.ts';
import { timeoutFault, type Step } from './fault-table.ts';
import { sftpFault } from './sftp-faults.ts';

/** How ssh2 answers a request. */
export type Done<T> = (error?: Error | null, value?: T) => void;

/**
 * One connection while it lives. Every wait on it ends: with the answer, with the loss of the connection, or with its
 * deadline. A step that met its deadline ends the connection, so that nothing late can happen through it.
 */
export class Line {
  readonly socket: Socket;
  readonly stepTimeout: number;
  /** Why the connection is gone. */
  lost: unknown;
  #gathering = false;
  readonly #waiting = new Set<(error: unknown) => void>();

  constructor(socket: Socket, stepTimeout: number) {
    this.socket = socket;
    this.stepTimeout = stepTimeout;
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(new Error('the connection ended')));
  }

  /** The connection is gone: everybody who waits is told. Only the first reason counts. */
  end(reason: unknown): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    this.socket.destroy();
    for (const tell of this.#waiting) tell(reason);
  }

  /** Waits for `work`; its failure, the loss of the connection and the deadline become DropFaults of this step. */
  async wait<T>(step: Step, work: Promise<T>, progress?: () => number): Promise<T> {
    const late = () => {
      const fault = timeoutFault(step, this.stepTimeout, 'the server is silent; it is tried again');
      this.end(fault);
      return fault;
    };
    try {
      return await within(this.#orLost(work), this.stepTimeout, late, progress);
    } catch (error) {
      throw sftpFault(error, step);
    }
  }

  /** Sends one request and waits for its answer. */
  ask<T>(step: Step, send: (done: Done<T>) => void): Promise<T> {
    const answer = () =>
      new Promise<T>((resolve, reject) => {
        if (this.lost !== undefined) throw asLost(this.lost);
        send((error, value) => (error ? reject(error) : resolve(value as T)));
      });
    return this.wait(step, answer());
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

  #orLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const tell = (reason: unknown) => reject(asLost(reason));
      this.#waiting.add(tell);
      if (this.lost !== undefined) tell(this.lost);
      work.then(resolve, reject).finally(() => this.#waiting.delete(tell));
    });
  }
}

/**
 * What the loss of the connection looks like to a step that waits. Another step's fault is only the cause; a number is
 * an SSH disconnect reason here and must not be read as a status of SFTP.
 */
const asLost = (reason: unknown): Error => {
  if (!(reason instanceof Error) || reason.name === 'Fault')
    return new Error('the connection ended', { cause: reason });
  const code = 'code' in reason ? reason.code : undefined;
  return typeof code === 'number' ? new Error(`disconnected: ${reason.message}`, { cause: reason }) : reason;
};

/** A signed-in connection with its SFTP channel. */
export interface Link {
  readonly line: Line;
  readonly sftp: SFTPWrapper;
  /** The longest write and read the server takes, in bytes. */
  readonly writeBytes: number;
  readonly readBytes: number;
  /** Whether the server offers this extension of SFTP, such as `fsync@openssh.com`. */
  offers(extension: string): boolean;
}

/** What ssh2 knows about the server and its types do not say. */
interface Inside {
  _extensions?: Record<string, string>;
  _maxWriteLen?: number;
  _maxReadLen?: number;
}

/** 255 KB, what OpenSSH takes in one request. */
const longest = 261_120;
/** What any SFTP server takes (draft-ietf-secsh-filexfer-02, 3). */
export const plainBytes = 32_768;

export const makeLink = (line: Line, sftp: SFTPWrapper): Link => {
  const inside = sftp as unknown as Inside;
  const gone = () => line.end(new Error('the SFTP channel ended: No response from server'));
  sftp.on('error', (error: unknown) => line.end(error));
  sftp.on('close', gone);
  sftp.on('end', gone);
  return {
    line,
    sftp,
    writeBytes: Math.min(longest, inside._maxWriteLen ?? plainBytes),
    readBytes: Math.min(longest, inside._maxReadLen ?? plainBytes),
    offers: (extension) => inside._extensions?.[extension] !== undefined,
  };
};
