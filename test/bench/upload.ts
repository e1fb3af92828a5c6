import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beginDigest } from '../../src/drop/digest.ts';
import type { DropSpec, Outgoing } from '../../src/drop/drop.ts';
import { openDrop } from '../../src/drop/open-drop.ts';
import { safeName } from '../../src/safe-name.ts';
import { type BenchRow, median } from './row.ts';

/** A file of the spool, but for its names at the drop. */
export const makeFile = (folder: string, bytes: number): Omit<Outgoing, 'name' | 'partial'> => {
  // Incompressible, so that nothing on the way can gain from its content.
  const content = randomBytes(bytes);
  const path = join(folder, `${bytes}.csv`);
  writeFileSync(path, content);
  return { path, bytes, sha256: createHash('sha256').update(content).digest('hex') };
};

/** From connecting to the receipt: what a delivery pays. */
export const deliver = async (spec: DropSpec, file: Omit<Outgoing, 'name' | 'partial'>): Promise<void> => {
  const digest = beginDigest(file.path, file.bytes);
  const drop = await openDrop(spec);
  try {
    const names = { name: safeName('batch.csv'), partial: safeName('.batch.csv.1.part') };
    await drop.put({ ...file, ...names, ...(digest && { digest }) }, { renaming: () => undefined });
  } finally {
    digest?.stop();
    await drop.close();
  }
};

/** One line of the table, out of the times of both. */
export const row = (
  work: string,
  peer: string,
  ours: number[],
  theirs: number[],
  budget: string,
  met: (ratio: number) => boolean,
): BenchRow => {
  const [oursMs, peerMs] = [median(ours), median(theirs)];
  const ratio = oursMs / peerMs;
  return { work, peer, oursMs, peerMs, ratio, budget, met: met(ratio) };
};
