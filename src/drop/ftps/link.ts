import type { FileInfo, FTPContext, FTPResponse } from 'basic-ftp';
import { DropFault, type Learned } from '../drop.ts';
import type { Step } from '../fault-table.ts';
import type { Security } from './tls.ts';
import type { Line } from '../line.ts';

/** The server's replies to a command that moves data. */
export interface Exchange {
  /** It has begun to take or to send bytes. */
  begun: Promise<void>;
  /** Its last word. */
  ended: Promise<FTPResponse>;
}

/** The command as it is sent; nothing that could end it early or begin another one gets in. */
const commandOf = (step: Step, verb: string, argument?: string): string => {
  const command = argument === undefined ? verb : `${verb} ${argument}`;
  if (!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(command)) return command;
  throw new DropFault({
    operation: step.operation,
    object: step.object,
    reason: `what is to follow ${verb} contains a control character`,
    hint: 'a command of FTP is one line; correct the name',
    next: 'refuse',
    code: 'refused',
  });
};

/** A signed-in control connection: one command at a time. */
export class Link {
  readonly line: Line;
  readonly security: Security;
  readonly learned: Learned;
  /** The server's address, where data connections go too. */
  readonly address: string;
  /** What the server offers beyond RFC 959, in capitals. */
  features: ReadonlySet<string> = new Set();
  /** The folder where the server puts the user; known where it is needed. */
  home = '/';
  /** Reads the list of a folder. */
  readonly parseList: (text: string) => FileInfo[];
  readonly #ftp: FTPContext;
  #turn: Promise<void> = Promise.resolve();

  constructor(line: Line, ftp: FTPContext, security: Security, learned: Learned, parseList: Link['parseList']) {
    this.line = line;
    this.parseList = parseList;
    this.address = line.socket.remoteAddress ?? '';
    this.security = security;
    this.learned = learned;
    this.#ftp = ftp;
  }

  /** Sends one command and gives its reply, 1xx to 3xx; a refusal is a fault. Waits until the connection is free. */
  async ask(step: Step, verb: string, argument?: string): Promise<FTPResponse> {
    const release = await this.take(step);
    return this.say(step, verb, argument).finally(release);
  }

  /** As `ask`, by whoever has taken the connection. */
  async say(step: Step, verb: string, argument?: string): Promise<FTPResponse> {
    const command = commandOf(step, verb, argument);
    return this.line.wait(step, this.#ftp.request(command));
  }

  /** Sends a command that moves data, by whoever has taken the connection. */
  exchange(step: Step, verb: string, argument?: string): Exchange {
    const command = commandOf(step, verb, argument);
    const { promise: begun, resolve, reject } = Promise.withResolvers<void>();
    const ended = this.#ftp.handle(command, (reply, task) => {
      if (!(reply instanceof Error)) resolve();
      else reject(reply);
      if (reply instanceof Error) task.reject(reply);
      else if (reply.code >= 200) task.resolve(reply);
    }) as Promise<FTPResponse>;
    // Whoever waits for one of them hears of it; the other must not count as unhandled.
    begun.catch(() => undefined);
    ended.catch(() => undefined);
    return { begun, ended };
  }

  /** Takes the connection for several commands that belong together; the function gives it back. */
  async take(step: Step): Promise<() => void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await this.line.wait(step, before, () => this.moved);
    } catch (error) {
      resolve();
      throw error;
    }
    return resolve;
  }

  /** Bytes moved over data connections: what others who wait for their turn count as progress. */
  moved = 0;
}
