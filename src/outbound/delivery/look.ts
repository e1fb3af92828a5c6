import { DropFault, type Drop } from '../../drop/drop.ts';
import { digestStream } from '../../file/digest.ts';
import type { Readable } from 'node:stream';
import { safeName } from '../../safe-name.ts';
import type { Parcel } from './delivery.ts';
import type { Sight } from './recover.ts';

/** What a drop says when it lets us write and look, but not read; or when the file went away meanwhile. */
const unreadable: readonly string[] = ['denied', 'refused', 'missing'];

/** Reads and hashes; past `bytes` it stops, as a server may send without end: the digest is then another one anyway. */
const digestOf = async (source: Readable, bytes: number): Promise<string> => {
  const { stream, digest } = digestStream();
  source.on('error', (error) => stream.destroy(error));
  let read = 0;
  try {
    for await (const piece of source.pipe(stream) as AsyncIterable<Buffer>) if ((read += piece.length) > bytes) break;
  } finally {
    source.destroy();
  }
  return digest().sha256;
};

/**
 * The SHA-256 of a file at the drop, read back whole; undefined when the drop does not let us read it. A file of more
 * than `bytes` has another digest than ours. A connection that fails is thrown: it says nothing about the file.
 */
export const readBack = async (drop: Drop, fileName: string, bytes: number): Promise<string | undefined> => {
  try {
    return await digestOf(await drop.fetch(safeName(fileName)), bytes);
  } catch (error) {
    if (error instanceof DropFault && unreadable.includes(error.code)) return undefined;
    throw error;
  }
};

/**
 * What lies under the file's names. Bytes are read back only where they can matter: when the size is ours. `mayBeBlind`:
 * the drop is known for a server that lets nobody look; elsewhere that is a Fault.
 */
export const lookFor = async (drop: Drop, parcel: Parcel, partialName?: string, mayBeBlind = false): Promise<Sight> => {
  try {
    return await seeFor(drop, parcel, partialName);
  } catch (error) {
    if (mayBeBlind && error instanceof DropFault && error.code === 'blind') return { partial: false, blind: true };
    throw error;
  }
};

const seeFor = async (drop: Drop, parcel: Parcel, partialName: string | undefined): Promise<Sight> => {
  const final = await drop.look(safeName(parcel.fileName), parcel.bytes);
  const partial =
    partialName && partialName !== parcel.fileName ? (await drop.look(safeName(partialName))) !== undefined : false;
  if (!final) return { partial };
  const sha256 = final.bytes === parcel.bytes ? await readBack(drop, parcel.fileName, parcel.bytes) : undefined;
  return { partial, final: { bytes: final.bytes, ...(sha256 !== undefined && { sha256 }) } };
};
