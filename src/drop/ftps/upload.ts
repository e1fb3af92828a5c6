import { DropFault, type Outgoing } from '../drop.ts';
import type { Step } from '../fault-table.ts';
import { sendAll } from './data.ts';
import { replyOf } from './faults.ts';
import type { Link } from './link.ts';
import { sizeOf } from './look.ts';
import type { Place } from './place.ts';
import { openTransfer, type Transfer } from './transfer.ts';
import { openSource, type Source } from '../source.ts';

/** Rejects when the server refuses in the middle; a yes that comes early says nothing. */
const refusalOf = (ended: Promise<unknown>): Promise<never> =>
  new Promise((_, reject) => void ended.catch((error: unknown) => reject(error as Error)));

const send = async (link: Link, step: Step, transfer: Transfer, source: Source, sent: (bytes: number) => void) => {
  const { data, ended } = transfer;
  // On a slow line it takes long until a block is written; bytes that leave this machine are progress too.
  const progress = () => (link.moved = data.raw.bytesWritten);
  await link.line.wait(step, Promise.race([sendAll(data, source, sent), refusalOf(ended)]), progress);
};

/** How often a server that is full is asked again, while it has not noticed yet that our first connection is gone. */
const tries = 8;

/** A further connection. A server that lets us in once only gets it in place of the first, on which nothing comes any more. */
const anotherLink = async ({ again, link, spec }: Place): Promise<Link> => {
  const isBusy = (error: unknown) => error instanceof DropFault && error.code === 'busy';
  for (let tried = 1; ; tried++) {
    try {
      return await again();
    } catch (error) {
      if (!isBusy(error) || tried === tries) throw error;
      link.line.end(new Error('another connection takes its place'));
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, spec.stepTimeout / tries)));
    }
  }
};

/**
 * The server's last word did not come although all bytes were sent: firewalls forget a control connection that is idle
 * for long, and a slow line still carries what left us long ago. Another connection tells how much is there; while it
 * grows we wait. True when it is all of it; that connection is then the drop's.
 */
const foundWhole = async (at: Place, step: Step, file: Outgoing): Promise<boolean> => {
  const link = await anotherLink(at);
  let there = -1;
  const whole = async (): Promise<true> => {
    for (;;) {
      there = (await sizeOf({ ...at, link }, file.partial, file.bytes)) ?? -1;
      if (there === file.bytes) return true;
      if (there > file.bytes) throw new Error('more is there than was sent');
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, at.spec.stepTimeout / 8)));
      if (link.line.lost !== undefined) throw new Error('the connection ended');
    }
  };
  try {
    await link.line.wait(step, whole(), () => there);
  } catch {
    link.line.end(new Error('the connection is closed'));
    return false;
  }
  at.link.line.end(new Error('another connection took its place'));
  at.link = link;
  return true;
};

const finish = async (at: Place, step: Step, transfer: Transfer, file: Outgoing): Promise<void> => {
  try {
    await at.link.line.waitGently(step, transfer.ended);
  } catch (error) {
    const silent = error instanceof DropFault && (error.code === 'timeout' || error.code === 'cut');
    if (!silent || replyOf(error) !== undefined) throw error;
    const found = await foundWhole(at, step, file).catch(() => false);
    if (found) return;
    at.link.line.end(error);
    throw error;
  }
  await transfer.finish();
};

/** All bytes under the partial name. `progress` ends with the file's length, once the server has said that it has it. */
export const upload = async (at: Place, file: Outgoing, progress: (bytes: number) => void): Promise<void> => {
  const { link } = at;
  const step = at.step('write', file.partial);
  const source = await openSource(file);
  try {
    const transfer = await openTransfer(link, step, 'STOR', at.path(file.partial));
    try {
      await send(link, step, transfer, source, (bytes) => {
        if (bytes < file.bytes) progress(bytes);
      });
      await finish(at, step, transfer, file);
    } catch (error) {
      throw await transfer.abandon(error);
    }
  } finally {
    await source.close();
  }
  progress(file.bytes);
};
