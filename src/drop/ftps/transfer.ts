import type { FTPResponse } from 'basic-ftp';
import { within } from '../deadline.ts';
import { DropFault } from '../drop.ts';
import type { Step } from '../fault-table.ts';
import { openData, type Data } from './data.ts';
import { replyOf } from './faults.ts';
import type { Link } from './link.ts';

/** A transfer under way: it has the connection to itself until `finish` or `abandon`. */
export interface Transfer {
  data: Data;
  /** The server's last word. */
  ended: Promise<FTPResponse>;
  /** Waits for the server's last word; then the connection is free. */
  finish(): Promise<void>;
  /**
   * Gives up: closes the data connection and hears the server out. Gives the clearer of its reason and ours. Without an
   * error nobody wants the bytes any more; the connection may be lost by that.
   */
  abandon(error: unknown): Promise<unknown>;
}

/** A refusal of the server tells more than the broken data connection that goes with it. */
const clearer = async (link: Link, step: Step, ended: Promise<FTPResponse>, error: unknown): Promise<unknown> => {
  if (link.line.lost !== undefined) return error;
  const refusal: unknown = await link.line.wait(step, ended).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const ours = error instanceof DropFault && ['local', 'certificate'].includes(error.code);
  return !ours && replyOf(refusal) !== undefined ? refusal : error;
};

/** Longest wait for a server's last word on bytes that nobody wants any more, in milliseconds. */
const patience = 1_000;

/** Nobody reads on: some servers then say so and go on, others fall silent, and their connection is ended. */
const hearOut = async ({ line }: Link, ended: Promise<FTPResponse>): Promise<void> => {
  const late = () => new Error('the server fell silent after a transfer that was given up');
  await within(ended, Math.min(patience, line.stepTimeout), late).catch((error: unknown) => {
    if (replyOf(error) === undefined) line.end(error);
  });
};

const control = (link: Link, step: Step, data: Data, ended: Promise<FTPResponse>, release: () => void): Transfer => {
  let over: Promise<unknown> | undefined;
  const close = () => {
    data.socket.destroy();
    data.raw.destroy();
    release();
  };
  const abandon = (error: unknown) =>
    (over ??= (() => {
      // TLS first: Node 24 crashes when the socket below it is reset in the tick that ends the handshake.
      data.socket.destroy();
      data.raw.resetAndDestroy();
      return (error === undefined ? hearOut(link, ended) : clearer(link, step, ended, error)).finally(close);
    })());
  return {
    data,
    ended,
    abandon,
    finish: async () => {
      await link.line.wait(step, ended);
      over ??= Promise.resolve();
      close();
    },
  };
};

/** Opens a data connection, sends the command, and waits until both sides are ready to move bytes. */
export const openTransfer = async (link: Link, step: Step, verb: string, argument?: string): Promise<Transfer> => {
  const release = await link.take(step);
  let transfer: Transfer | undefined;
  try {
    const data = await openData(link, step);
    const { begun, ended } = link.exchange(step, verb, argument);
    transfer = control(link, step, data, ended, release);
    await link.line.wait(step, Promise.all([begun, data.secured]));
    return transfer;
  } catch (error) {
    if (transfer) throw await transfer.abandon(error);
    release();
    throw error;
  }
};

/** Reads on for a while, so that a short transfer ends as the server expects it to; servers take a broken one ill. */
const readOut = async ({ line }: Link, transfer: Transfer, chunks: AsyncIterator<Buffer>): Promise<void> => {
  const toTheEnd = async () => {
    while (!(await chunks.next()).done);
    await transfer.finish();
  };
  const late = () => new Error('the transfer goes on');
  await within(toTheEnd(), Math.min(patience, line.stepTimeout), late).catch(() => undefined);
};

/**
 * The bytes of a transfer in order. A reader who stops early leaves the connection free, unless the server falls silent
 * over it: then the connection is lost.
 */
export async function* received(link: Link, step: Step, transfer: Transfer): AsyncGenerator<Buffer, void, undefined> {
  const chunks = transfer.data.socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let stoppedEarly = true;
  try {
    for (;;) {
      const next = await link.line.wait(step, chunks.next());
      if (next.done) break;
      link.moved += next.value.length;
      yield next.value;
    }
    stoppedEarly = false;
    await transfer.finish();
  } catch (error) {
    stoppedEarly = false;
    throw await transfer.abandon(error);
  } finally {
    if (stoppedEarly) await readOut(link, transfer, chunks);
    await transfer.abandon(undefined);
  }
}
